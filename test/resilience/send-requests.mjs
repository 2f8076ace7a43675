// send-requests.mjs HOST PORT RATE: sends RATE requests a second, each on a new connection, until standard input ends. Then
// it waits for the outstanding answers and prints one JSON object, `Seen` in load.ts.
import { get } from "node:http";

const [host, port, rate] = process.argv.slice(2);
const began = performance.now();
const durations = [];
const lost = {};
let sent = 0;
let isEnding = false;

/** A request without an answer by then counts as lost: a client would have given up. */
const TIMEOUT_MS = 10_000;

function send() {
    const start = performance.now();
    sent++;
    const lose = (reason) => {
        lost[reason] = (lost[reason] ?? 0) + 1;
        endWhenDone();
    };
    let isCounted = false;
    const once = (count) => {
        if (isCounted) return;
        isCounted = true;
        count();
    };
    const request = get({ host, port, path: "/", agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text) => {
            body += text;
        });
        response.on("error", (error) => once(() => lose(error.code ?? error.message)));
        response.on("end", () =>
            once(() => {
                if (response.statusCode !== 200 || !body.startsWith("Hello"))
                    return lose(`status ${response.statusCode}`);
                durations.push(performance.now() - start);
                endWhenDone();
            }),
        );
    });
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error("no answer in 10 s")));
    // Node.js also has the code ECONNRESET for "socket hang up" (closed without an answer): only the message tells them apart.
    request.on("error", (error) =>
        once(() => lose(error.code === "ECONNRESET" ? error.message : (error.code ?? error.message))),
    );
}

// Counts by the clock, not by the timer's calls: a busy machine makes up for calls that came late.
const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * Number(rate));
    while (sent < due) send();
}, 1000 / Number(rate));

function endWhenDone() {
    const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
    if (!isEnding || durations.length + losses < sent) return;
    durations.sort((a, b) => a - b);
    const [median, longest] = [durations[Math.floor(durations.length / 2)] ?? 0, durations.at(-1) ?? 0];
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(`${JSON.stringify({ sent, lost: losses, reasons: lost, median, longest, seconds })}\n`, () =>
        process.exit(0),
    );
}

process.stdin.resume().on("end", () => {
    clearInterval(timer);
    isEnding = true;
    endWhenDone();
});
process.stdout.write("\n");
