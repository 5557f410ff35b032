from functools import cache
from unittest import mock

import django
import seekauth
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.test import SimpleTestCase
from django.urls import path
from seekauth import Client, GraphQLResponse

from partners import partner_name

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])
django.setup()


@cache
def seek() -> Client:
    """The client of the whole process."""
    return Client.from_env()


def partner(_: HttpRequest) -> JsonResponse:
    try:
        return JsonResponse({"partner": partner_name(seek())})
    except seekauth.SeekAuthError as error:
        return JsonResponse({"error": error.kind}, status=503)


urlpatterns = [path("partner", partner)]


class Partner(SimpleTestCase):
    def setUp(self) -> None:
        self.fake = Client.fake()
        patcher = mock.patch.object(Client, "from_env", return_value=self.fake)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.addCleanup(seek.cache_clear)

    def test_the_view_shows_the_name(self) -> None:
        self.fake.respond(GraphQLResponse({"self": {"partner": {"name": "Acme"}}}))
        self.assertEqual(self.client.get("/partner").json(), {"partner": "Acme"})

    def test_the_view_survives_an_outage(self) -> None:
        self.fake.fail_with(seekauth.UnavailableError)
        response = self.client.get("/partner")
        self.assertEqual((response.status_code, response.json()), (503, {"error": "unavailable"}))
