//! How each peer is asked for a token, as its documentation says, pointed at one place of the token server.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::http::Token;
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityFuture, ResolveCachedIdentity as _, ResolveIdentity, SharedIdentityCache,
    SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential as _};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use google_cloud_auth::credentials::{AccessTokenCredentials, user_account};

use crate::Problem;

const ID: &str = "bench-client";
const SECRET: &str = "bench-secret";

/// One peer at one place.
pub(crate) enum Library {
    Azure(Arc<ClientSecretCredential>),
    Google(AccessTokenCredentials),
    Smithy(Box<Smithy>),
}

/// The identity cache of the AWS SDKs, with a resolver that asks the token server.
pub(crate) struct Smithy {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    settings: ConfigBag,
}

impl Library {
    pub(crate) fn named(name: &str, place: &str) -> Result<Self, Problem> {
        let url = format!("{}/{place}/token", std::env::var("BENCH_HTTP")?);
        match name {
            "azure_identity" => azure(place).map(Self::Azure),
            "google-cloud-auth" => google(url).map(Self::Google),
            "aws-smithy-runtime" => smithy(url).map(Box::new).map(Self::Smithy),
            _ => Err(format!("no library {name}").into()),
        }
    }

    /// The token, cached or not.
    pub(crate) async fn ask(&self) -> Result<(), Problem> {
        match self {
            Self::Azure(credential) => {
                black_box(credential.get_token(&["api/.default"], None).await?);
            }
            Self::Google(credentials) => {
                black_box(credentials.access_token().await?);
            }
            Self::Smithy(smithy) => {
                let resolver = smithy.resolver.clone();
                let identity = smithy.cache.resolve_cached_identity(
                    resolver,
                    &smithy.components,
                    &smithy.settings,
                );
                black_box(identity.await?);
            }
        }
        Ok(())
    }
}

/// It takes https only, so its HTTP client is one that trusts the server's own authority; the place is the tenant's id.
fn azure(place: &str) -> Result<Arc<ClientSecretCredential>, Problem> {
    let authority = reqwest::Certificate::from_pem(&std::fs::read(std::env::var("BENCH_CA")?)?)?;
    let http = reqwest::Client::builder().tls_certs_merge([authority]).no_proxy().build()?;
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = std::env::var("BENCH_HTTPS")?;
    let client_options = ClientOptions {
        transport: Some(Transport::new(Arc::new(http))),
        cloud: Some(Arc::new(cloud.into())),
        ..ClientOptions::default()
    };
    Ok(ClientSecretCredential::new(
        place,
        ID.to_owned(),
        Secret::new(SECRET),
        Some(ClientSecretCredentialOptions { client_options }),
    )?)
}

/// It has no client-credentials grant; a refresh token takes the same way.
fn google(url: String) -> Result<AccessTokenCredentials, Problem> {
    let user = serde_json::json!({
        "type": "authorized_user", "client_id": ID, "client_secret": SECRET, "refresh_token": "bench",
    });
    Ok(user_account::Builder::new(user).with_token_uri(url).build_access_token_credentials()?)
}

fn smithy(url: String) -> Result<Smithy, Problem> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    Ok(Smithy {
        cache: IdentityCache::lazy().build(),
        resolver: SharedIdentityResolver::new(Resolver { url, http }),
        components: RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SystemTimeSource::new()))
            .with_sleep_impl(Some(TokioSleep::new()))
            .build()?,
        settings: ConfigBag::base(),
    })
}

#[derive(Debug)]
struct Resolver {
    url: String,
    http: reqwest::Client,
}

impl Resolver {
    async fn fetch(&self) -> Result<Identity, Problem> {
        let form =
            [("grant_type", "client_credentials"), ("client_id", ID), ("client_secret", SECRET)];
        let reply = self.http.post(&self.url).form(&form).send().await?;
        let reply: serde_json::Value = reply.json().await?;
        let token = reply["access_token"].as_str().ok_or("no access_token")?;
        let lifetime = Duration::from_secs(reply["expires_in"].as_u64().ok_or("no expires_in")?);
        let expires_at = Some(SystemTime::now() + lifetime);
        Ok(Identity::new(Token::new(token, expires_at), expires_at))
    }
}

impl ResolveIdentity for Resolver {
    fn resolve_identity<'a>(
        &'a self,
        _components: &'a RuntimeComponents,
        _settings: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(self.fetch())
    }
}
