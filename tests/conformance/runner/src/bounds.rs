//! What holds for every request that arrives, whatever a case is about: no secret in an address, and no token and
//! no secret at somebody else's.

use seekauth_sandbox::Urls;

use crate::adapter::Adapter;
use crate::arrival::Arrival;
use crate::leak::Secrets;

/// Checks them all.
///
/// # Errors
/// One of them went too far.
pub fn check(
    arrivals: &[Arrival],
    urls: &Urls,
    adapter: Option<&Adapter>,
    secrets: &Secrets,
) -> Result<(), String> {
    let own = [&urls.auth, &urls.graphql, &urls.pass];
    for arrival in arrivals {
        let address = format!("{}?{:?}", arrival.path, arrival.query);
        secrets.check("a request's address", &address)?;
        let host = arrival.headers.get("host").map_or("", String::as_str);
        let is_ours = arrival.endpoint != "foreign"
            && own.iter().any(|url| url.rsplit('/').next() == Some(host));
        if !is_ours {
            if arrival.headers.contains_key("authorization") {
                return Err(format!("a token reached {}", arrival.endpoint));
            }
            let whole = format!("{:?}{}", arrival.headers, arrival.body);
            secrets.check("a request to somebody else", &whole)?;
        }
        let to_the_api = matches!(arrival.endpoint.as_str(), "graphql" | "seek_pass_api");
        if to_the_api
            && arrival.http_version != "HTTP/2.0"
            && adapter.is_some_and(|adapter| adapter.http2)
        {
            return Err(format!("a request came over {}", arrival.http_version));
        }
    }
    Ok(())
}
