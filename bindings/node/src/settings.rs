//! Options as JavaScript writes them. The names, kinds and accepted values are the core's table;
//! this file only checks JavaScript types and says which ones an option accepts.

use std::time::Duration;

use napi::bindgen_prelude::{Array, FromNapiValue, JsObjectValue, Object, Unknown};
use napi::{Env, JsValue, KeyCollectionMode, KeyConversion, KeyFilter, ValueType};
use napi_derive::napi;
use seekauth::binding::{Setting, SettingKind, Value, duration_from_seconds};
use seekauth::{Config, Error};

use crate::error::type_error;

/// The option that is no setting: a function.
const CREDENTIALS: &str = "credentials";

/// Sets in `config` the own members of `options`; `undefined` and `null` mean absent. Gives the
/// function for credentials, where there is one. The outer error is a thrown `TypeError`, the inner
/// one the core's about a value.
pub(crate) fn apply<'a>(
    env: Env,
    config: &mut Config,
    options: Unknown<'a>,
    fixed: Option<&Object<'_>>,
) -> napi::Result<Result<Option<Unknown<'a>>, Error>> {
    let mut credentials = None;
    if is_absent(&options)? {
        return Ok(Ok(credentials));
    }
    if options.get_type()? != ValueType::Object || options.is_array()? {
        return Err(type_error(
            env,
            &format!("options must be an object, not {}", name_of(&options)?),
        ));
    }
    let options = Object::from_raw(env.raw(), options.raw());
    for key in own_keys(&options)? {
        if key == CREDENTIALS {
            credentials = function(env, &key, options.get(&key)?)?;
            continue;
        }
        let accepted = Setting::all().iter().find(|setting| setting.camel_name() == key);
        let Some(setting) = accepted else {
            let mut names: Vec<String> = Setting::all().iter().map(Setting::camel_name).collect();
            names.push(CREDENTIALS.to_owned());
            return Err(type_error(
                env,
                &format!("unknown option {key:?}; the options are {}", names.join(", ")),
            ));
        };
        let Some(value) = options.get::<Unknown<'_>>(&key)? else { continue };
        if value.get_type()? == ValueType::Null {
            continue;
        }
        if let Some(fixed) = fixed
            && fixed.has_own_property(&key)?
        {
            return Err(type_error(
                env,
                &format!("{key} is set by this constructor; leave it out"),
            ));
        }
        let value = read(env, &key, setting, &value)?;
        if let Err(error) = value.and_then(|value| config.set(setting, value)) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(credentials))
}

fn function<'a>(
    env: Env,
    name: &str,
    value: Option<Unknown<'a>>,
) -> napi::Result<Option<Unknown<'a>>> {
    let Some(value) = value else { return Ok(None) };
    match value.get_type()? {
        ValueType::Null => Ok(None),
        ValueType::Function => Ok(Some(value)),
        _ => Err(type_error(env, &format!("{name} must be a function, not {}", name_of(&value)?))),
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
) -> napi::Result<Result<Option<Duration>, Error>> {
    if is_absent(value)? {
        return Ok(Ok(None));
    }
    let seconds = seconds(env, name, value)?;
    Ok(duration_from_seconds(name, seconds).map(Some))
}

fn seconds(env: Env, name: &str, value: &Unknown<'_>) -> napi::Result<f64> {
    if value.get_type()? != ValueType::Number {
        return Err(wrong_type(env, name, SettingKind::Duration, value));
    }
    // SAFETY: `value` was just seen to be a number of this environment.
    Ok(unsafe { f64::from_napi_value(env.raw(), value.raw()) }? / 1000.0)
}

/// A string under this name.
pub(crate) fn string(env: Env, name: &str, value: &Unknown<'_>) -> napi::Result<String> {
    text(value)?.ok_or_else(|| wrong_type(env, name, SettingKind::Text, value))
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
pub(crate) fn strings(env: Env, name: &str, value: &Unknown<'_>) -> napi::Result<Vec<String>> {
    if !value.is_array()? {
        return Err(wrong_type(env, name, SettingKind::List, value));
    }
    // SAFETY: `value` was just seen to be an array of this environment.
    let array = unsafe { Array::from_napi_value(env.raw(), value.raw()) }?;
    let mut strings = Vec::new();
    for index in 0..array.len() {
        let item = array.get_element::<Unknown<'_>>(index)?;
        strings.push(string(env, &format!("{name}[{index}]"), &item)?);
    }
    Ok(strings)
}

fn read(
    env: Env,
    name: &str,
    setting: &Setting,
    value: &Unknown<'_>,
) -> napi::Result<Result<Value, Error>> {
    let kind = setting.kind();
    Ok(Ok(match (kind, value.get_type()?) {
        // The core takes a list apart where it is given as one string.
        (SettingKind::Text | SettingKind::List, ValueType::String) => {
            Value::text(string(env, name, value)?)
        }
        (SettingKind::Duration, _) => {
            return Ok(Value::seconds(setting.name(), seconds(env, name, value)?));
        }
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
                    pairs.push((key, string(env, &within, &item)?));
                }
            }
            Value::pairs(pairs)
        }
        _ => return Err(wrong_type(env, name, kind, value)),
    }))
}

fn own_keys(object: &Object<'_>) -> napi::Result<Vec<String>> {
    let names = object.get_all_property_names(
        KeyCollectionMode::OwnOnly,
        KeyFilter::SkipSymbols,
        KeyConversion::NumbersToStrings,
    )?;
    // SAFETY: Node-API documents the result as an array of strings.
    unsafe { Vec::from_napi_value(object.value().env, names.raw()) }
}

fn wrong_type(env: Env, name: &str, kind: SettingKind, value: &Unknown<'_>) -> napi::Error {
    let accepted = match kind {
        SettingKind::Text => "a string",
        SettingKind::Duration => "a number of milliseconds",
        SettingKind::Flag => "true or false",
        SettingKind::List => "an array of strings",
        SettingKind::Pairs => "an object whose members are strings or arrays of strings",
    };
    match name_of(value) {
        Ok(actual) => type_error(env, &format!("{name} must be {accepted}, not {actual}")),
        Err(error) => error,
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
