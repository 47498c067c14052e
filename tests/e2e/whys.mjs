// Why a chat does not come about, one way for each line that a visitor can read of it: what the visitor reads, what the developer hears,
// and how it is made so. For the tests and for the pictures.

const REFRESH = "**/api/genesys/refresh";
const HELLO = { request: "configureSession" };

const always = (on, effect) => (site) => site.fault({ on, count: null, effect });
const tokens = (orders) => (site) => site.tokenFaults({ always: orders });

/** The endpoint's own grant, with a place in line. */
const inLine = (page) =>
  page.route(REFRESH, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), connect_after_ms: 60_000 } });
  });

const BUSY = "The chat is busy right now.";
const NO_SIGN_IN = "We cannot sign you in to the chat. If this goes on, reload the page. What you wrote is kept.";
const REFUSED = "We cannot open the chat. If this goes on, please contact us another way. What you wrote is kept.";
const UNAVAILABLE = "Chat is not available right now. Please contact us another way.";
const trying = (line) => `${line} Next try in`;

/** By name: the line, the status, the last `error` event's kind, cause and code, and what makes it so. */
export const WHYS = {
  "in-line": { line: trying(BUSY), status: "reconnecting", told: ["in-line", undefined, undefined], prepare: inLine },
  overloaded: {
    line: trying(BUSY), status: "reconnecting", told: ["token-unavailable", "token-failing", 503], breakIt: tokens({ status: 503, retry_after: "30" }),
  },
  "login-page": { line: trying(NO_SIGN_IN), status: "reconnecting", told: ["token-unavailable", "token-html", undefined], breakIt: tokens({ html: true }) },
  "never-opens": {
    line: trying("Reconnecting…"), status: "reconnecting", told: ["connection-lost", "socket-never-opens", 1006],
    breakIt: always("upgrade", { status: { status: 403 } }),
  },
  "silent-close": {
    line: trying(REFUSED), status: "reconnecting", told: ["connection-lost", "token-scope", 1000], breakIt: always(HELLO, { close: { code: 1000 } }),
  },
  "not-signed-in": { line: NO_SIGN_IN, status: "refused", told: ["refused", "token-refused", 401], breakIt: tokens({ status: 401 }) },
  refused: { line: REFUSED, status: "refused", told: ["refused", "session-refused", 403], breakIt: always(HELLO, { error: { code: 403 } }) },
  unavailable: {
    line: UNAVAILABLE, status: "misconfigured", told: ["deployment", "deployment-inactive", 200],
    breakIt: (site) => site.settings({ deployments: [{ active: false }] }),
  },
};
