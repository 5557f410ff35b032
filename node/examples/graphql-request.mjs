// graphql-request with a client of seekauth: npm install graphql-request graphql seekauth
// The credentials come from the environment: SEEKAUTH_SERVICE=seek_api, SEEKAUTH_CLIENT_ID and so on.

import { ClientError, GraphQLClient, gql } from 'graphql-request';
import { Client } from 'seekauth';

const client = Client.fromEnv();
const api = new GraphQLClient(client.apiUrl, { fetch: client.fetch });

const { self } = await api.request(gql`
  query {
    self {
      partner {
        name
      }
    }
  }
`);
console.log(self.partner.name);

try {
  await api.request(
    gql`
      query Organization($id: String!) {
        hiringOrganization(id: $id) {
          name
        }
      }
    `,
    { id: 'seekAnz:organization:seek:nobody' },
    { 'Accept-Language': 'en-AU' },
  );
} catch (error) {
  if (!(error instanceof ClientError)) throw error;
  console.log(error.response.errors?.[0]?.extensions.code);
}
