// send-requests.mjs HOST PORT RATE: sends RATE requests a second, each on a connection of its own, until standard input ends;
// then waits for the answers that are out, and prints one JSON object: see load.ts.
import { get } from "node:http";

const [host, port, rate] = process.argv.slice(2);
const began = performance.now();
const waits = [];
const lost = {};
let sent = 0;
let isEnding = false;

/** Later than this is as good as lost: a client has given up. */
const PATIENCE_MS = 10_000;

function send() {
    const since = performance.now();
    sent++;
    const lose = (reason) => {
        lost[reason] = (lost[reason] ?? 0) + 1;
        endWhenDone();
    };
    let isOver = false;
    const once = (over) => {
        if (isOver) return;
        isOver = true;
        over();
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
                waits.push(performance.now() - since);
                endWhenDone();
            }),
        );
    });
    request.setTimeout(PATIENCE_MS, () => request.destroy(new Error("no answer in 10 s")));
    // Without an answer at all Node calls it a reset; its text tells a hang-up from one.
    request.on("error", (error) =>
        once(() => lose(error.code === "ECONNRESET" ? error.message : (error.code ?? error.message))),
    );
}

// By the clock, not by the tick: a busy machine that misses ticks makes up for them.
const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * Number(rate));
    while (sent < due) send();
}, 1000 / Number(rate));

function endWhenDone() {
    const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
    if (!isEnding || waits.length + losses < sent) return;
    waits.sort((a, b) => a - b);
    const [median, longest] = [waits[Math.floor(waits.length / 2)] ?? 0, waits.at(-1) ?? 0];
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
