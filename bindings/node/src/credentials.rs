//! Credentials from a JavaScript function, for the core's token requests. The function stays in
//! JavaScript: held from here it could never be collected, nor what it closes over, such as its
//! client. So a request is sent to the façade, which calls the function for it.

use std::error::Error as StdError;

use napi::bindgen_prelude::{JsObjectValue, Object, Unknown};
use napi::{JsValue, ValueType};
use napi_derive::napi;
use seekauth::binding::Exception;
use seekauth::{CredentialProvider, Credentials, Error, ErrorKind, Provided};
use tokio::sync::oneshot;

use crate::settings;

type Provision = Result<Credentials, Box<dyn StdError + Send + Sync>>;

/// Provides what a JavaScript function gives; `send` sends one request to it.
pub(crate) struct FunctionProvider<S> {
    pub(crate) send: S,
}

impl<S: Fn(CredentialsRequest) + Send + Sync + 'static> CredentialProvider for FunctionProvider<S> {
    fn credentials(&self) -> Provided<'_> {
        Box::pin(async move {
            let (sender, provision) = oneshot::channel();
            (self.send)(CredentialsRequest { sender: Some(sender) });
            // The end of the environment drops the request.
            provision.await?
        })
    }
}

/// One request for credentials. It fails when it is dropped.
#[napi]
pub struct CredentialsRequest {
    sender: Option<oneshot::Sender<Provision>>,
}

#[napi]
impl CredentialsRequest {
    /// Whether it is still waited for: a thread that was busy for long finds old requests.
    #[napi(getter)]
    pub fn is_open(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Provides what the function gave.
    ///
    /// # Errors
    ///
    /// An exception of the object's own; the request is then still open.
    #[napi]
    pub fn provide(&mut self, credentials: Unknown<'_>) -> napi::Result<()> {
        let provision = read(&credentials)?;
        if let Some(sender) = self.sender.take() {
            // The receiver is gone once the time is over.
            let _ = sender.send(provision);
        }
        Ok(())
    }

    /// Reports that the function failed, with the name of the exception's class if that is known. The
    /// reason stays in JavaScript: it may hold a secret.
    #[napi]
    pub fn fail(&mut self, class: Option<String>) {
        if let Some((sender, class)) = self.sender.take().zip(class) {
            let _ = sender.send(Err(Exception::of_class(&class).into()));
        }
    }
}

fn read(credentials: &Unknown<'_>) -> napi::Result<Provision> {
    if credentials.get_type()? != ValueType::Object || credentials.is_array()? {
        return Ok(Err(misshapen("it", settings::name_of(credentials)?)));
    }
    let object = Object::from_raw(credentials.value().env, credentials.raw());
    let member = |name| object.get_named_property_unchecked::<Unknown<'_>>(name);
    let (id, secret) = (member("clientId")?, member("clientSecret")?);
    let next = member("clientSecretNext")?;
    let Some(client_id) = settings::text(&id)? else {
        return Ok(Err(misshapen("clientId", settings::name_of(&id)?)));
    };
    let Some(client_secret) = settings::text(&secret)? else {
        return Ok(Err(misshapen("clientSecret", settings::name_of(&secret)?)));
    };
    let credentials = Credentials::new(client_id, client_secret);
    if settings::is_absent(&next)? {
        return Ok(Ok(credentials));
    }
    let Some(client_secret_next) = settings::text(&next)? else {
        return Ok(Err(misshapen("clientSecretNext", settings::name_of(&next)?)));
    };
    Ok(Ok(credentials.next_secret(client_secret_next)))
}

fn misshapen(what: &str, is: &str) -> Box<dyn StdError + Send + Sync> {
    let error = Error::new(
        ErrorKind::CredentialsUnavailable,
        format!(
            "credentials must return {{ clientId, clientSecret }}, with clientSecretNext during a \
             rotation, all of them strings; {what} is {is}"
        ),
    );
    error.into()
}
