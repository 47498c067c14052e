//! History, deployment files and sign-in, as requests and responses without a socket.

mod bench;

use bench::{A, B, Bench, NOW, ORIGIN, TOKEN, configure, frames, gist, text, typing, with_token};
use serde_json::{Value, json};
use simulator::{DEMO_DEPLOYMENT, Deployment, Disconnection, Request, Settings};

#[test]
fn typing_goes_to_every_connection_and_into_no_history() {
    let mut bench = Bench::silent();
    bench.configured(A);
    bench.configured(B);
    assert_eq!(gist(&bench.send(A, &typing())), ["1 Typing", "2 Typing"]);
    let actions = bench.backend.agent_types(NOW, TOKEN);
    let (_, frame) = &frames(&actions)[0];
    assert_eq!(frame["body"]["direction"], "Outbound");
    assert_eq!(frame["body"]["channel"]["from"], json!({"nickname":"Ana"}));
    assert_eq!(frame["body"]["events"], json!([{"eventType":"Typing","typing":{"type":"On","duration":5000}}]));
    assert_eq!(bench.history(A, "")["total"], 0);
}

#[test]
fn history_is_newest_first_in_pages_under_the_ids_of_the_live_messages() {
    let mut bench = Bench::new(Settings { agent: false, ..Settings::quiet() });
    bench.configured(A);
    let mut live = Vec::new();
    for n in 0..30 {
        bench.pass(1000);
        let (_, echo) = frames(&bench.send(A, &text(&format!("message {n}"), &n.to_string()))).remove(0);
        live.push(echo["body"]["channel"]["messageId"].clone());
    }
    live.reverse();
    let (first, second) =
        (bench.history(A, "?pageNumber=1&pageSize=25"), bench.history(A, "?pageNumber=2&pageSize=25"));
    assert_eq!((&first["total"], &first["pageCount"], &first["pageNumber"]), (&json!(30), &json!(2), &json!(1)));
    let rows = [first["entities"].as_array().unwrap().clone(), second["entities"].as_array().unwrap().clone()];
    assert_eq!([rows[0].len(), rows[1].len()], [25, 5]);
    let rows = rows.concat();
    assert_eq!(rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>(), live);
    assert_eq!(rows[0]["text"], "message 29");
    assert_eq!(rows[0]["metadata"]["id"], "c-29");
    assert_eq!(rows[0].get("tracingId"), None);
}

#[test]
fn history_hides_the_clients_ids_where_it_is_told_to() {
    let mut bench = Bench::new(Settings { history_shows_client_id: false, ..Settings::quiet() });
    bench.configured(A);
    bench.send(A, &text("anonymous", "m1"));
    assert_eq!(bench.history(A, "")["entities"][0]["metadata"].get("id"), None);
}

#[test]
fn a_history_jwt_lives_a_minute_and_history_wants_an_origin() {
    let mut bench = Bench::silent();
    bench.configured(A);
    let answer = bench.ask(A, &with_token(json!({"action":"getJwt","tracingId":"j"})));
    assert_eq!(answer["body"]["exp"], NOW / 1000 + 60);
    let jwt = answer["body"]["jwt"].as_str().unwrap();
    let mut get = Request::get("/api/v2/webmessaging/messages", ORIGIN).bearer(jwt);
    let ok = bench.backend.request(bench.now, &get);
    assert_eq!((ok.status, ok.headers["access-control-allow-origin"].as_str()), (200, ORIGIN));
    get.headers.origin = None;
    assert_eq!(bench.backend.request(bench.now, &get).status, 403);
    get.headers.origin = Some(ORIGIN.into());
    assert_eq!(bench.backend.request(bench.now + 60_000, &get).status, 401);
    assert_eq!(bench.backend.request(bench.now, &get.bearer("guess")).status, 401);
}

#[test]
fn the_config_tells_what_the_deployment_does() {
    let mut bench = Bench::with(Deployment {
        conversation_disconnect: Disconnection::Send,
        auto_start: false,
        ..Deployment::default()
    });
    let path = format!("/webdeployments/v1/deployments/{DEMO_DEPLOYMENT}/config.json");
    let response = bench.backend.request(NOW, &Request::get(&path, ORIGIN));
    assert_eq!(response.headers["access-control-allow-origin"], "*");
    let config: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(config["status"], "Active");
    let conversations = &config["messenger"]["apps"]["conversations"];
    assert_eq!(conversations["conversationDisconnect"], json!({"enabled":true,"type":"Send"}));
    assert_eq!(conversations["autoStart"]["enabled"], false);
    let unknown = path.replace(DEMO_DEPLOYMENT, "someone-elses");
    assert_eq!(bench.backend.request(NOW, &Request::get(&unknown, ORIGIN)).status, 403);
}

#[test]
fn a_foreign_page_gets_neither_socket_nor_a_readable_answer() {
    let mut bench = Bench::new(Settings {
        allow_all_domains: false,
        allowed_domains: vec!["shop.example".into()],
        ..Settings::default()
    });
    let upgrade = |bench: &mut Bench, origin| bench.backend.upgrade(NOW, A, DEMO_DEPLOYMENT, Some(origin));
    assert_eq!(upgrade(&mut bench, "https://evil.example").unwrap_err().status, 403);
    upgrade(&mut bench, "https://www.shop.example").unwrap();
    let mut preflight = Request::get("/api/v2/webmessaging/messages", "https://evil.example");
    preflight.method = "OPTIONS".into();
    assert!(bench.backend.request(NOW, &preflight).headers.is_empty());
    preflight.headers.origin = Some("https://shop.example".into());
    let answer = bench.backend.request(NOW, &preflight);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://shop.example");
    assert!(answer.headers["access-control-allow-headers"].contains("Authorization"));
}

#[test]
fn signing_in_takes_over_the_session_and_signing_out_ends_it() {
    let mut bench = Bench::silent();
    let mut exchange = Request::get("/api/v2/webdeployments/token/oauthcodegrantjwtexchange", ORIGIN);
    exchange.method = "POST".into();
    exchange.body = json!({
        "deploymentId":DEMO_DEPLOYMENT,
        "oauth":{"code":"abc","redirectUri":"https://shop.example/cb","codeVerifier":"v"}
    })
    .to_string();
    let grant: Value = serde_json::from_str(&bench.backend.request(NOW, &exchange).body).unwrap();
    let jwt = grant["jwt"].as_str().unwrap().to_owned();
    bench.open(A);
    let mut configure_signed_in = configure();
    configure_signed_in["action"] = "configureAuthenticatedSession".into();
    configure_signed_in["data"] = json!({"code":"wrong"});
    assert_eq!(bench.ask(A, &configure_signed_in)["code"], 401);
    configure_signed_in["data"] = json!({"code":jwt});
    assert_eq!(bench.ask(A, &configure_signed_in)["body"]["connected"], true);
    bench.open(B);
    assert_eq!(bench.ask(B, &configure())["code"], 4017);

    let mut refresh = exchange.clone();
    refresh.path = "/api/v2/webdeployments/token/refresh".into();
    refresh.body = json!({"refreshToken":grant["refreshToken"],"deploymentId":DEMO_DEPLOYMENT}).to_string();
    let renewed: Value = serde_json::from_str(&bench.backend.request(NOW, &refresh).body).unwrap();
    assert_eq!(renewed["refreshToken"], Value::Null);

    let mut revoke = Request::get("/api/v2/webdeployments/token/revoke", ORIGIN).bearer(&jwt);
    revoke.method = "DELETE".into();
    assert_eq!(bench.backend.request(NOW, &revoke).status, 204);
    assert!(bench.backend.next_due().is_some_and(|due| due <= NOW));
    assert_eq!(gist(&bench.pass(0)), ["1 LogoutEvent", "1 closed 1000"]);
}
