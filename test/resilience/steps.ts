import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestHost } from "../hosts";
import { onHost } from "../lifecycle/hello";

/** One command of an operation on the host: `mv -fT -- /etc/hello/.key.pulumi-portable /etc/hello/key`. */
export interface Step {
    command: string;
    /** Started by the client's program, or by one of the provider's units: the rollback at boot, or the watch unit. */
    by: "program" | "unit";
}

/** What to do at a step: see shim.c. */
export type Verdict = "go" | "kill" | "orphan" | "cut";

const VERDICTS: Record<Verdict, string> = { go: "g", kill: "k", orphan: "o", cut: "c" };

/** Commands that change the host, wait or report: nothing on the host changes between two of them. */
const SHIMMED = [
    ..."base64 chmod chown cp head ln mkdir mv rm rmdir sync systemctl".split(" "),
    ..."portablectl systemd-run".split(" "),
];

/** Commands that a program repeats until a state is reached: their number differs from run to run. */
const POLLING = /^systemctl (show|list-units|list-unit-files|reset-failed) /;

/**
 * Intercepts each command of an operation on a host before it runs. So tests kill at the steps that an operation really
 * takes, and follow when the steps change.
 */
export class Steps {
    private decide: (step: Step) => Promise<Verdict> | Verdict = () => "go";
    private readonly waiting = new Set<Socket>();

    private constructor(private readonly server: Server) {
        server.unref();
        server.on("connection", (socket) => {
            this.waiting.add(socket);
            socket.on("error", () => undefined); // killed while it waited
            socket.on("close", () => this.waiting.delete(socket));
            let text = "";
            socket.setEncoding("utf8").on("data", (part) => {
                text += part;
                const [line, rest] = text.split("\n", 2);
                if (rest === undefined) return;
                text = "";
                void this.answer(socket, line as string);
            });
        });
    }

    static async on(host: TestHost): Promise<Steps> {
        const server = createServer();
        // This machine has the first address on the bridge of the test hosts.
        const address = host.address.replace(/\d+$/, "1");
        await new Promise<void>((listening) => server.listen(0, address, listening));
        const directory = mkdtempSync(join(tmpdir(), "portable-test-shim-"));
        execFileSync("cc", ["-static", "-O2", "-o", join(directory, "shim"), join(__dirname, "shim.c")]);
        const shim = readFileSync(join(directory, "shim")).toString("base64");
        rmSync(directory, { recursive: true });
        const { port } = server.address() as { port: number };
        await onHost(
            host,
            `cd /usr/local/sbin && base64 -d >.shim && chmod 0755 .shim && echo ${address} ${port} >.test &&
            for name in ${SHIMMED.join(" ")}; do ln -f .shim $name; done`,
            shim,
        );
        return new Steps(server);
    }

    /** Calls `run` and asks `decide` what to do at each step, except at commands that poll. */
    async during<T>(decide: (step: Step) => Promise<Verdict> | Verdict, run: () => Promise<T>): Promise<T> {
        this.decide = (step) => (POLLING.test(step.command) ? "go" : decide(step));
        try {
            return await run();
        } finally {
            this.decide = () => "go";
        }
    }

    /** Calls `run` and returns its steps. */
    async record(run: () => Promise<unknown>): Promise<Step[]> {
        const steps: Step[] = [];
        await this.during((step) => {
            steps.push(step);
            return "go";
        }, run);
        return steps;
    }

    stop(): void {
        this.server.close();
        for (const socket of this.waiting) socket.destroy();
    }

    private async answer(socket: Socket, line: string): Promise<void> {
        const [by, ...command] = line.split(" ");
        const verdict = await this.decide({ by: by as Step["by"], command: command.join(" ") });
        socket.end(VERDICTS[verdict]);
    }
}
