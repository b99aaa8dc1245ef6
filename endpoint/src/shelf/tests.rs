use codriver_creds::Secret;
use tokio::time::advance;

use super::*;

/// Credentials that end so many seconds from now.
fn ending(seconds: i64) -> Credentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    let (now, by) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
    Credentials {
        access_key_id: secret("ASIA"),
        secret_access_key: secret("key"),
        session_token: Some(secret("token")),
        expires: Some(if seconds < 0 { now - by } else { now + by }),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_not_served() {
    for (seconds, status) in [(-365 * 86_400, 503), (-3600, 503), (-1, 503), (0, 503), (60, 200), (365 * 86_400, 200)] {
        let shelf = Shelf::default();
        shelf.stock(ending(seconds), SystemTime::now());
        assert_eq!(shelf.take().await.0.as_u16(), status, "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_by_the_steady_clock_is_not_served_any_more() {
    let shelf = Shelf::default();
    shelf.stock(ending(3600), SystemTime::now());
    advance(Duration::from_secs(3590)).await;
    assert_eq!(shelf.take().await.0, StatusCode::OK);
    advance(Duration::from_secs(10)).await;
    assert_eq!(
        shelf.take().await.0,
        StatusCode::SERVICE_UNAVAILABLE,
        "the wall clock stands still, as after it was set"
    );
}

#[tokio::test]
async fn what_is_the_same_as_before_is_not_new() {
    let shelf = Shelf::default();
    let (keys, now) = (Credentials { expires: None, ..ending(0) }, SystemTime::now());
    shelf.stock(keys.clone(), now);
    shelf.stock(keys.clone(), now + Duration::from_secs(300));
    assert_eq!(shelf.standing().since, Some(now));
    shelf.stock(Credentials { access_key_id: Secret::new("other".to_owned()), ..keys }, now + Duration::from_secs(600));
    assert_eq!(shelf.standing().since, Some(now + Duration::from_secs(600)));
    assert!(String::from_utf8_lossy(&shelf.take().await.1).contains("other"));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_end_is_said_to_live_an_hour_from_each_answer() {
    let shelf = Shelf::default();
    shelf.stock(Credentials { expires: None, ..ending(0) }, SystemTime::now());
    advance(Duration::from_secs(100 * 86_400)).await;
    let (status, page) = shelf.take().await;
    let left = page::parse(&page).unwrap().expires.unwrap().duration_since(SystemTime::now()).unwrap();
    assert!(status == StatusCode::OK && (3590..=3600).contains(&left.as_secs()), "{left:?}");
}
