import * as http from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import * as tls from "node:tls";
import * as z from "zod";
import type { Context } from "../../contract";
import { type Failure, UserError } from "../../errors";
import type { Host } from "../../host/host";
import { objectType } from "../../schema/marks";
import { type Previewed, Unknown } from "../../schema/values";

const port = z.number().int().min(1).max(65535);

const httpCheck = objectType(
    "HttpCheck",
    "An HTTP request to the host itself, made through the SSH connection: nothing is needed on the host. Give `port` or `socket`.",
    {
        port: port.optional().describe("Port on the host's 127.0.0.1."),
        socket: z
            .string()
            .startsWith("/")
            .optional()
            .describe("Path of a unix socket on the host that the login may connect to."),
        path: z.string().startsWith("/").default("/").describe("Path and query of the request."),
        tls: z
            .boolean()
            .default(false)
            .describe("Use HTTPS; the certificate is not verified, since the request goes through the SSH connection."),
        status: z
            .array(z.number().int().min(100).max(599))
            .optional()
            .describe("Statuses that are healthy. Default: 200 to 399."),
        body: z.string().optional().describe("Regular expression that the body must match."),
        headers: z.record(z.string(), z.string()).optional().describe("Headers of the request, Host among them."),
    },
);

const tcpCheck = objectType("TcpCheck", "A connection to a port of the host, made through the SSH connection.", {
    port: port.describe("Port on the host's 127.0.0.1 that must accept a connection."),
});

const commandCheck = objectType("CommandCheck", "A command on the host that must exit with status 0.", {
    command: z.array(z.string()).min(1).describe("Program with its arguments, run without a shell."),
    inside: z
        .string()
        .optional()
        .describe(
            "Unit of the image in whose root and namespaces it runs, as the user of its main process. Default: on the host, as root.",
        ),
});

export const health = objectType(
    "Health",
    "Checks that must pass for an update to succeed. If one fails, the previous image, drop-ins and files are restored. Without `health`, each unit must start and its main process must stay up.",
    {
        http: httpCheck.optional().describe("An HTTP request."),
        tcp: tcpCheck.optional().describe("A connection to a port."),
        command: commandCheck.optional().describe("A command."),
        stableSeconds: z
            .number()
            .min(0)
            .max(600)
            .optional()
            .describe(
                "Seconds that every service must stay up without a restart. Default: 1 where systemd can't tell that a program is ready (Type=simple and the like), else 0.",
            ),
        timeoutSeconds: z
            .number()
            .min(1)
            .max(3600)
            .default(30)
            .describe("Time limit in seconds for all health checks together."),
    },
);

export type Health = z.output<typeof health>;

export function checkHealthInput(input: Previewed<Health> | undefined): Failure[] {
    if (input === undefined || input instanceof Unknown || input.http === undefined || input.http instanceof Unknown)
        return [];
    const { http: request } = input;
    const failures: Failure[] = [];
    if ((request.port === undefined) === (request.socket === undefined))
        failures.push({ path: ["health", "http"], what: "needs either `port` or `socket`, exactly one of them" });
    if (typeof request.body === "string") {
        try {
            new RegExp(request.body);
        } catch (error) {
            failures.push({
                path: ["health", "http", "body"],
                what: `isn't a regular expression: ${(error as Error).message}`,
            });
        }
    }
    return failures;
}

/** Time limit for a connection to an address where nothing may listen yet. */
const TRIAL_MS = 10_000;

/**
 * Opens a connection to each address of the checks once. It doesn't matter whether anything listens there yet; but a host that
 * can't make such connections would otherwise make the checks fail, and so roll back a healthy service.
 * @throws UserError if the host can't make connections of this kind
 */
export async function requireConnections(
    context: Pick<Context, "signal">,
    host: Host,
    { http: request, tcp }: Health,
): Promise<void> {
    const checks = [
        ...(request === undefined ? [] : [{ property: "health.http", address: addressOf(request) }]),
        ...(tcp === undefined ? [] : [{ property: "health.tcp", address: { port: tcp.port } }]),
    ];
    for (const { property, address } of checks) {
        const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TRIAL_MS)]);
        try {
            (await host.open(address, { signal })).destroy();
        } catch (error) {
            context.signal.throwIfAborted();
            if (error instanceof UserError) throw error.at({ property });
        }
    }
}

/**
 * Repeats the client's checks until they pass and returns undefined, or the reason of the last failure when the time is up.
 * Each result is shown as a status message.
 */
export async function waitUntilHealthy(
    context: Pick<Context, "signal" | "status">,
    host: Host,
    { http: request, tcp, timeoutSeconds }: Health,
): Promise<string | undefined> {
    const checks = [
        ...(request === undefined ? [] : [(signal: AbortSignal) => askHttp(host, request, signal)]),
        ...(tcp === undefined ? [] : [(signal: AbortSignal) => askTcp(host, tcp.port, signal)]),
    ];
    const began = Date.now();
    const patience = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
    for (const check of checks) {
        let reason: string | undefined;
        while (true) {
            const answer = await check(patience).catch((error: Error) => error.message);
            if (answer === undefined) break;
            context.signal.throwIfAborted();
            // The last answer of the service is a better reason than the timeout.
            if (patience.aborted) return `${reason ?? answer}, ${timeoutSeconds} s after the start`;
            reason = answer;
            context.status(`waiting for health: ${reason} (${Math.round((Date.now() - began) / 1000)} s)`);
            await sleep(250);
        }
    }
    return undefined;
}

async function askTcp(host: Host, portNumber: number, signal: AbortSignal): Promise<undefined> {
    (await host.open({ port: portNumber }, { signal })).destroy();
    return undefined;
}

type HttpCheck = NonNullable<Health["http"]>;

function addressOf(check: HttpCheck): { port: number } | { socket: string } {
    return check.socket === undefined ? { port: check.port as number } : { socket: check.socket };
}

async function askHttp(host: Host, check: HttpCheck, signal: AbortSignal): Promise<string | undefined> {
    const stream = await host.open(addressOf(check), { signal });
    const where = `${check.tls ? "https" : "http"}://${check.socket ?? `127.0.0.1:${check.port}`}${check.path}`;
    try {
        const { status, body } = await request(check, stream, signal);
        const isWanted = check.status === undefined ? status >= 200 && status < 400 : check.status.includes(status);
        if (!isWanted) return `${where} answered ${status}`;
        if (check.body !== undefined && !new RegExp(check.body).test(body))
            return `${where} answered ${status}, but its body doesn't match ${check.body}`;
        return undefined;
    } catch (error) {
        return `${where} gave no answer: ${(error as Error).message}`;
    } finally {
        stream.destroy();
    }
}

/** Number of bytes of a body that are searched for the pattern. */
const BODY_BYTES = 1 << 20;

function request(check: HttpCheck, stream: Duplex, signal: AbortSignal): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
        const outgoing = http.request({
            path: check.path,
            headers: { Host: "localhost", "User-Agent": "pulumi-portable", Connection: "close", ...check.headers },
            signal,
            createConnection: () => (check.tls ? tls.connect({ socket: stream, rejectUnauthorized: false }) : stream),
        });
        outgoing.on("error", reject);
        outgoing.on("response", (response) => {
            let body = "";
            response.setEncoding("utf8");
            response.on("data", (text: string) => {
                if (body.length < BODY_BYTES) body += text;
            });
            response.on("error", reject);
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        });
        outgoing.end();
    });
}
