//! Options as JavaScript writes them. The names, kinds and accepted values are the core's table;
//! this file only checks JavaScript types and says which ones an option accepts.

use std::time::Duration;

use napi::bindgen_prelude::{Array, FromNapiValue, JsObjectValue, Object, Unknown};
use napi::{Env, JsValue, KeyCollectionMode, KeyConversion, KeyFilter, ValueType};
use napi_derive::napi;
use seekauth::Config;
use seekauth::binding::{Setting, SettingKind, Value, duration_from_milliseconds};

use crate::error::Refusal;

/// The option that is no setting: a function.
const CREDENTIALS: &str = "credentials";
/// The one that says which variables to read.
const PREFIX: &str = "prefix";

/// Which of the façade's constructors the options are for.
#[derive(Clone, Copy)]
pub(crate) enum Constructor<'a, 'b> {
    /// One that has no options of its own.
    Plain,
    /// One that sets these itself.
    Fixed(&'a Object<'b>),
    /// The one that reads variables.
    FromEnv,
}

/// Sets in `config` the own members of `options`; `undefined` and `null` mean absent. Gives the
/// function for credentials, where there is one.
pub(crate) fn apply<'a>(
    env: Env,
    config: &mut Config,
    options: Unknown<'a>,
    constructor: Constructor<'_, '_>,
) -> Result<Option<Unknown<'a>>, Refusal> {
    let mut credentials = None;
    if is_absent(&options)? {
        return Ok(credentials);
    }
    if options.get_type()? != ValueType::Object || options.is_array()? {
        let what = name_of(&options)?;
        return Err(Refusal::WrongType(format!("options must be an object, not {what}")));
    }
    let options = Object::from_raw(env.raw(), options.raw());
    for key in own_keys(&options)? {
        if key == CREDENTIALS {
            credentials = function(&key, options.get(&key)?)?;
            continue;
        }
        let is_from_env = matches!(constructor, Constructor::FromEnv);
        if key == PREFIX && is_from_env {
            continue;
        }
        let accepted = Setting::all().iter().find(|setting| setting.camel_name() == key);
        let Some(setting) = accepted else {
            let mut names: Vec<String> = Setting::all().iter().map(Setting::camel_name).collect();
            names.push(CREDENTIALS.to_owned());
            names.extend(is_from_env.then(|| PREFIX.to_owned()));
            let names = names.join(", ");
            return Err(Refusal::WrongType(format!(
                "unknown option {key:?}; the options are {names}"
            )));
        };
        let Some(value) = options.get::<Unknown<'_>>(&key)? else { continue };
        if value.get_type()? == ValueType::Null {
            continue;
        }
        if let Constructor::Fixed(fixed) = constructor
            && fixed.has_own_property(&key)?
        {
            return Err(Refusal::WrongType(format!(
                "{key} is set by this constructor; leave it out"
            )));
        }
        config.set(setting, read(env, &key, setting, &value)?)?;
    }
    Ok(credentials)
}

/// What the variables begin with that are to be read, where the options say so.
pub(crate) fn prefix(env: Env, options: &Unknown<'_>) -> Result<Option<String>, Refusal> {
    if options.get_type()? != ValueType::Object {
        return Ok(None);
    }
    match Object::from_raw(env.raw(), options.raw()).get::<Unknown<'_>>(PREFIX)? {
        Some(value) if !is_absent(&value)? => string(PREFIX, &value).map(Some),
        _ => Ok(None),
    }
}

fn function<'a>(name: &str, value: Option<Unknown<'a>>) -> Result<Option<Unknown<'a>>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    match value.get_type()? {
        ValueType::Null => Ok(None),
        ValueType::Function => Ok(Some(value)),
        _ => {
            let what = name_of(&value)?;
            Err(Refusal::WrongType(format!("{name} must be a function, not {what}")))
        }
    }
}

/// Whether a value is `undefined` or `null`.
pub(crate) fn is_absent(value: &Unknown<'_>) -> napi::Result<bool> {
    Ok(matches!(value.get_type()?, ValueType::Undefined | ValueType::Null))
}

/// A number of milliseconds under this name; `undefined` and `null` mean absent.
pub(crate) fn duration(
    env: Env,
    name: &str,
    value: &Unknown<'_>,
) -> Result<Option<Duration>, Refusal> {
    if is_absent(value)? { Ok(None) } else { span(env, name, value).map(Some) }
}

/// The same where it must not be absent.
pub(crate) fn span(env: Env, name: &str, value: &Unknown<'_>) -> Result<Duration, Refusal> {
    Ok(duration_from_milliseconds(name, milliseconds(env, name, value)?)?)
}

fn milliseconds(env: Env, name: &str, value: &Unknown<'_>) -> Result<f64, Refusal> {
    if value.get_type()? != ValueType::Number {
        return Err(wrong_type(name, SettingKind::Duration, value));
    }
    // SAFETY: `value` was just seen to be a number of this environment.
    Ok(unsafe { f64::from_napi_value(env.raw(), value.raw()) }?)
}

/// A string under this name.
pub(crate) fn string(name: &str, value: &Unknown<'_>) -> Result<String, Refusal> {
    text(value)?.ok_or_else(|| wrong_type(name, SettingKind::Text, value))
}

/// A string; none where the value is something else.
pub(crate) fn text(value: &Unknown<'_>) -> napi::Result<Option<String>> {
    if value.get_type()? != ValueType::String {
        return Ok(None);
    }
    // SAFETY: `value` was just seen to be a string of its environment.
    unsafe { String::from_napi_value(value.value().env, value.raw()) }.map(Some)
}

/// A list of strings under this name.
pub(crate) fn strings(env: Env, name: &str, value: &Unknown<'_>) -> Result<Vec<String>, Refusal> {
    if !value.is_array()? {
        return Err(wrong_type(name, SettingKind::List, value));
    }
    // SAFETY: `value` was just seen to be an array of this environment.
    let array = unsafe { Array::from_napi_value(env.raw(), value.raw()) }?;
    let mut strings = Vec::new();
    for index in 0..array.len() {
        let item = array.get_element::<Unknown<'_>>(index)?;
        strings.push(string(&format!("{name}[{index}]"), &item)?);
    }
    Ok(strings)
}

fn read(env: Env, name: &str, setting: &Setting, value: &Unknown<'_>) -> Result<Value, Refusal> {
    let kind = setting.kind();
    Ok(match (kind, value.get_type()?) {
        // The core takes a list apart where it is given as one string.
        (SettingKind::Text | SettingKind::List, ValueType::String) => {
            Value::text(string(name, value)?)
        }
        (SettingKind::Duration, _) => Value::milliseconds(name, milliseconds(env, name, value)?)?,
        (SettingKind::Flag, ValueType::Boolean) => {
            // SAFETY: `value` was just seen to be a boolean of this environment.
            Value::Flag(unsafe { bool::from_napi_value(env.raw(), value.raw()) }?)
        }
        (SettingKind::List, _) => Value::List(strings(env, name, value)?),
        (SettingKind::Pairs, ValueType::Object) if !value.is_array()? => {
            let object = Object::from_raw(env.raw(), value.raw());
            let mut pairs = Vec::new();
            for key in own_keys(&object)? {
                let Some(item) = object.get::<Unknown<'_>>(&key)? else { continue };
                let within = format!("{name}[{key:?}]");
                if item.is_array()? {
                    let values = strings(env, &within, &item)?;
                    pairs.extend(values.into_iter().map(|value| (key.clone(), value)));
                } else {
                    pairs.push((key, string(&within, &item)?));
                }
            }
            Value::pairs(pairs)
        }
        _ => return Err(wrong_type(name, kind, value)),
    })
}

pub(crate) fn own_keys(object: &Object<'_>) -> napi::Result<Vec<String>> {
    let names = object.get_all_property_names(
        KeyCollectionMode::OwnOnly,
        KeyFilter::SkipSymbols,
        KeyConversion::NumbersToStrings,
    )?;
    // SAFETY: Node-API documents the result as an array of strings.
    unsafe { Vec::from_napi_value(object.value().env, names.raw()) }
}

fn wrong_type(name: &str, kind: SettingKind, value: &Unknown<'_>) -> Refusal {
    let accepted = match kind {
        SettingKind::Text => "a string",
        SettingKind::Duration => "a number of milliseconds",
        SettingKind::Flag => "true or false",
        SettingKind::List => "an array of strings",
        SettingKind::Pairs => "an object whose members are strings or arrays of strings",
    };
    match name_of(value) {
        Ok(actual) => Refusal::WrongType(format!("{name} must be {accepted}, not {actual}")),
        Err(error) => error.into(),
    }
}

/// What JavaScript would call this value, never the value itself: it may be a secret.
pub(crate) fn name_of(value: &Unknown<'_>) -> napi::Result<&'static str> {
    Ok(match value.get_type()? {
        ValueType::Undefined => "undefined",
        ValueType::Null => "null",
        ValueType::Boolean => "a boolean",
        ValueType::Number => "a number",
        ValueType::String => "a string",
        ValueType::Symbol => "a symbol",
        ValueType::Object if value.is_array()? => "an array",
        ValueType::Object => "an object",
        ValueType::Function => "a function",
        ValueType::BigInt => "a bigint",
        _ => "a value of another kind",
    })
}

/// One row of the core's table of settings.
#[napi(object, object_from_js = false)]
pub struct SettingRow {
    /// The core's name: `client_id`.
    pub name: &'static str,
    /// The option's name: `clientId`.
    pub camel_name: String,
    /// What it holds: `text`, `duration`, `flag`, `list` or `pairs`.
    pub kind: &'static str,
    /// Its one sentence.
    pub doc: &'static str,
    /// The variable that `fromEnv` reads.
    pub environment_variable: String,
}

/// The core's table of settings, for the tests that compare the types with it.
#[napi]
pub fn settings() -> Vec<SettingRow> {
    let row = |setting: &Setting| SettingRow {
        name: setting.name(),
        camel_name: setting.camel_name(),
        kind: setting.kind().name(),
        doc: setting.doc(),
        environment_variable: setting.environment_variable(),
    };
    Setting::all().iter().map(row).collect()
}
