// Apollo Client with a client of seekauth: npm install @apollo/client graphql rxjs seekauth
// The credentials come from the environment: SEEKAUTH_SERVICE=seek_api, SEEKAUTH_CLIENT_ID and so on.

import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { Client } from 'seekauth';

const client = Client.fromEnv();
const api = new ApolloClient({
  link: new HttpLink({ uri: client.apiUrl, fetch: client.fetch }),
  // SEEK asks backends not to keep responses.
  cache: new InMemoryCache(),
  defaultOptions: { query: { fetchPolicy: 'no-cache' } },
});

const { data } = await api.query({
  query: gql`
    query {
      self {
        partner {
          name
        }
      }
    }
  `,
});
console.log(JSON.stringify(data));

try {
  await api.query({
    query: gql`
      query Organization($id: String!) {
        hiringOrganization(id: $id) {
          name
        }
      }
    `,
    variables: { id: 'seekAnz:organization:seek:nobody' },
    context: { headers: { 'Accept-Language': 'en-AU' } },
  });
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  console.log(error.errors[0]?.extensions?.code);
}
