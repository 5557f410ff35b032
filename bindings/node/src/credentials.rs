//! Credentials from a JavaScript function, for the core's token requests. The function stays in
//! JavaScript: held from here it could never be collected, nor what it closes over, such as its
//! client. So a question travels through the mailbox, and the façade calls the function for it.

use napi::bindgen_prelude::{Either3, JsObjectValue, Object, Unknown};
use napi::{JsValue, ValueType};
use napi_derive::napi;
use seekauth::{CredentialProvider, Credentials, Error, ErrorKind, Provided};
use tokio::sync::oneshot;

use crate::call::Address;
use crate::settings;

type Given = Result<Credentials, Error>;

/// Asks the function that the façade knows under the number of `address`.
pub(crate) struct Provider {
    pub(crate) address: Address,
}

impl CredentialProvider for Provider {
    fn credentials(&self) -> Provided<'_> {
        Box::pin(async move {
            let (answer, given) = oneshot::channel();
            self.address.send(Ok(Either3::C(Question { answer: Some(answer) })));
            // The end of the environment drops the question.
            Ok(given.await??)
        })
    }
}

/// One question for credentials. Dropping it is an answer too: there are none.
#[napi]
pub struct Question {
    answer: Option<oneshot::Sender<Given>>,
}

#[napi]
impl Question {
    /// Whether the answer is still waited for: a thread that was busy for long finds old questions.
    #[napi(getter)]
    pub fn is_open(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| !answer.is_closed())
    }

    /// Answers with what the function gave.
    ///
    /// # Errors
    ///
    /// An exception of the object's own; the question is then still open.
    #[napi]
    pub fn answer(&mut self, credentials: Unknown<'_>) -> napi::Result<()> {
        let given = read(&credentials)?;
        if let Some(answer) = self.answer.take() {
            // Nobody listens any more once the time is over.
            let _ = answer.send(given);
        }
        Ok(())
    }

    /// Answers that the function failed. Why is not told: it may hold a secret.
    #[napi]
    pub fn fail(&mut self) {
        self.answer = None;
    }
}

fn read(credentials: &Unknown<'_>) -> napi::Result<Given> {
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

fn misshapen(what: &str, is: &str) -> Error {
    Error::new(
        ErrorKind::CredentialsUnavailable,
        format!(
            "credentials must return {{ clientId, clientSecret }}, with clientSecretNext during a \
             rotation, all of them strings; {what} is {is}"
        ),
    )
}
