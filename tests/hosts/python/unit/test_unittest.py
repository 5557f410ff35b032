import unittest
from unittest import mock

import seekauth
from seekauth import Client, GraphQLResponse

from partners import partner_name, partner_name_async

ACME = GraphQLResponse({"self": {"partner": {"name": "Acme"}}})


class PartnerName(unittest.TestCase):
    def setUp(self) -> None:
        self.client = Client.fake(token="t")
        self.addCleanup(self.client.close)

    def test_the_operation_is_sent_with_the_token(self) -> None:
        self.client.respond(ACME)
        self.assertEqual(partner_name(self.client), "Acme")
        self.assertEqual(self.client.journal[-1].headers["authorization"], "Bearer t")

    def test_refused_credentials_reach_the_caller(self) -> None:
        self.client.fail_with(seekauth.InvalidCredentialsError)
        with self.assertRaises(seekauth.InvalidCredentialsError):
            partner_name(self.client)

    def test_a_method_is_patched(self) -> None:
        with mock.patch.object(self.client, "graphql", return_value=ACME) as graphql:
            self.assertEqual(partner_name(self.client), "Acme")
        graphql.assert_called_once()
        self.assertEqual(self.client.journal, [])


class PartnerNameAsync(unittest.IsolatedAsyncioTestCase):
    async def test_a_task_gets_the_name(self) -> None:
        async with Client.fake() as client:
            client.respond(ACME)
            self.assertEqual(await partner_name_async(client), "Acme")


if __name__ == "__main__":
    unittest.main()
