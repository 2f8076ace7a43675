import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { bootHost, diffSnapshots, type Snapshot, type TestHost } from "../hosts";
import { type Deployment, failure, type Json } from "./deployment";
import { bootTimeoutMs, connectionTo, HelloProgram, image, makeToyService } from "./hello";
import type { Provider } from "./provider";

let program: HelloProgram;
let provider: Provider;
/** A host without portablectl and sudo. */
let bare: TestHost;
let host: TestHost;
let before: Map<TestHost, Snapshot>;

beforeAll(async () => {
    program = HelloProgram.make();
    [provider, bare, host] = await Promise.all([
        program.provider(),
        bootHost({ without: ["systemd-container", "sudo", "opendoas"] }),
        bootHost(),
    ]);
    await makeToyService(host);
    before = new Map([
        [bare, await bare.snapshot()],
        [host, await host.snapshot()],
    ]);
}, bootTimeoutMs);
afterAll(() => Promise.all([bare?.down(), host?.down()]));

const dropIn = (connection: Json): Json => ({ unit: "x.service", text: "[Service]\n", connection });
const service = (connection: Json): Json => ({ image: "/var/lib/portables/hello_1.raw", connection });
const inputsOf = { PortableImage: image, AttachedService: service, DropIn: dropIn };
const types = ["PortableImage", "AttachedService", "DropIn"] as const;

/** Expects each type of resource to be refused with the connection, without a change on the host; returns the errors. */
async function refusals(
    host: TestHost,
    connection: Json,
    which: readonly (typeof types)[number][] = types,
): Promise<string[]> {
    const messages = await Promise.all(
        which.map(async (type) => {
            const failed = await failure(provider.resource(type, "x").up(inputsOf[type](connection)));
            expect(failed.isPartial).toBe(false);
            return failed.message;
        }),
    );
    expect(diffSnapshots(before.get(host) as Snapshot, await host.snapshot())).toEqual([]);
    return messages;
}
const fingerprint = ({ hostKey }: TestHost) =>
    `SHA256:${createHash("sha256")
        .update(Buffer.from(hostKey.split(" ")[1] as string, "base64"))
        .digest("base64")
        .replace(/=+$/, "")}`;
const ofEach = (text: string, which: readonly string[] = types) => which.map((type) => `${type} x, ${text}`);

test("a refused connection and an unknown host name are reported with what to check", async () => {
    const todo = "Check address and port, and that sshd runs there.";
    expect(await refusals(host, { ...connectionTo(host), port: 2222, dialErrorLimit: 1 })).toEqual(
        ofEach(`host ${host.address}: ${host.address}:2222 can't be reached: connection refused. ${todo}`),
    );
    expect(await refusals(host, { host: "nowhere.invalid", dialErrorLimit: 1 }, ["DropIn"])).toEqual([
        expect.stringMatching(
            /^DropIn x, property connection.host, host nowhere.invalid: the name "nowhere.invalid" doesn't resolve to an address \(E[A-Z_]+\). Check its spelling, the DNS, or HostName in ~\/.ssh\/config.$/,
        ),
    ]);
});

test("a host that accepts the connection and sends nothing is reported with the time limit", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => silent.once("listening", done));
    const { port } = silent.address() as { port: number };
    const connection = { ...connectionTo(host), host: "127.0.0.1", port, dialErrorLimit: 1, perDialTimeout: 1 };
    const messages = await refusals(host, connection, ["DropIn"]);
    silent.close();
    expect(messages).toEqual(
        ofEach(
            `host 127.0.0.1: 127.0.0.1:${port} can't be reached: no answer within 1 s. Check address and port, and that sshd runs there.`,
            ["DropIn"],
        ),
    );
});

test("a host key that differs from the declared one is refused with both fingerprints", async () => {
    expect(await refusals(host, { ...connectionTo(host), hostKey: bare.hostKey })).toEqual(
        ofEach(
            `property connection.hostKey, host ${host.address}: ${host.address}:22 shows the host key ${fingerprint(host)} (ssh-ed25519), but connection.hostKey is ${fingerprint(bare)}. Either it is another host, or connection.hostKey is out of date.`,
        ),
    );
});

test("an unknown host key is refused with its fingerprint", async () => {
    const { hostKey, ...connection } = connectionTo(host);
    const [messages] = await refusals(host, connection, ["DropIn"]);
    expect(messages).toContain(
        `DropIn x, host ${host.address}: ${host.address}:22 shows the host key ${fingerprint(host)} (ssh-ed25519), which isn't known. `,
    );
    expect(messages).toContain(`or set connection.hostKey to "${fingerprint(host)}"`);
});

test("a login that sshd rejects is reported with the methods that were tried", async () => {
    const [messages] = await refusals(host, { ...connectionTo(host), user: "ghost" }, ["DropIn"]);
    expect(messages).toContain(
        `DropIn x, host ${host.address}: ${host.address}:22 doesn't let "ghost" log in. Tried: connection.privateKey (ssh-ed25519 SHA256:`,
    );
    expect(messages).toContain("the host takes: publickey, password. Try it by hand (ssh ghost@");
    expect(messages).not.toContain("PRIVATE KEY");
});

test("a user who may not use sudo, and a host without sudo, are reported with the fix", async () => {
    expect(await refusals(host, { ...connectionTo(host), user: "nosudo" })).toEqual(
        ofEach(
            `property connection.user, host ${host.address}: nosudo@${host.address}:22 would need a password for sudo. Put "nosudo ALL=(ALL) NOPASSWD: ALL" into a file of /etc/sudoers.d there, or give connection.sudoPassword, or log in as root. It reported: sudo: a password is required`,
        ),
    );
    const [messages] = await refusals(bare, { ...connectionTo(bare), user: "deploy" }, ["DropIn"]);
    expect(messages).toContain(
        `host ${bare.address}: deploy@${bare.address}:22 needs sudo or doas, and neither is installed there. Install sudo, or log in as root.`,
    );
});

test("a host without portablectl is reported with the package to install", async () => {
    const needing = ["PortableImage", "AttachedService"] as const;
    expect(await refusals(bare, connectionTo(bare), needing)).toEqual(
        ofEach(
            `host ${bare.address}: portable services aren't installed: there is no portablectl. Run \`apt install systemd-container\` there.`,
            needing,
        ),
    );
});

describe("a host that doesn't answer any more", () => {
    /** Resources whose host doesn't answer any more; the users in their states differ from the program's. */
    async function resources(
        port: number,
        users: string[],
    ): Promise<{ own: Provider; all: Deployment[]; restore: () => Promise<void> }> {
        const own = await program.provider({ environment: { PORTABLE_DELETE_UNREACHABLE: "true" } });
        const living = own.resource("DropIn", "x");
        await living.up({ unit: "toy.service", text: "[Service]\nNice=1\n", connection: connectionTo(host) });
        const dead = { ...connectionTo(host), host: "127.0.0.1", port, perDialTimeout: 1, dialErrorLimit: 2 };
        const all = users.map((user) => {
            const { dialErrorLimit, ...before } = dead;
            const other = own.takeOver(living);
            other.inputs = { ...living.inputs, connection: dead };
            other.outputs = { ...living.outputs, connection: user === "" ? before : { ...before, user } };
            return other;
        });
        const restore = async () => {
            await living.destroy();
            await own.stop();
        };
        return { own, all, restore };
    }

    test.each([
        ["at once", ["deploy", "deploy", "deploy"]],
        ["one after another", ["", "deploy", "nosudo"]],
    ])("is dialed only once for all its resources, %s", async (order, users) => {
        let dials = 0;
        const silent = createServer(() => dials++).listen(0, "127.0.0.1");
        await new Promise((done) => silent.once("listening", done));
        const { own, all, restore } = await resources((silent.address() as { port: number }).port, users);
        const messages: string[] = [];
        const refreshed = (resource: Deployment) =>
            resource.refresh().then(
                () => messages.push("refreshed"),
                (error: Error) => messages.push(error.message),
            );
        if (order === "at once") await Promise.all(all.map(refreshed));
        else for (const resource of all) await refreshed(resource);
        for (const message of messages) expect(message).toContain("no answer within 1 s (2 tries in 2 s)");
        expect(messages.length).toBe(3);
        for (const resource of all) await resource.destroy();
        expect(own.warnings().filter((text) => text.includes("taken for gone"))).toHaveLength(3);
        silent.close();
        await restore();
        expect(dials).toBe(2);
    });
});

describe("destroy with an unreachable host", () => {
    /** The error and warnings of a destroy; `word` is the value of PORTABLE_DELETE_UNREACHABLE. */
    async function destroyed(
        connection: Json,
        word: string | undefined,
    ): Promise<{ error: string; warnings: string[] }> {
        const environment: Record<string, string> = word === undefined ? {} : { PORTABLE_DELETE_UNREACHABLE: word };
        const own = await program.provider({ environment });
        const resource = own.resource("DropIn", "x");
        await resource.up({ unit: "toy.service", text: "[Service]\nNice=1\n", connection: connectionTo(host) });
        const moved = { ...connectionTo(host), dialErrorLimit: 1, ...connection };
        const { id, inputs, outputs } = resource;
        Object.assign(resource, {
            inputs: { ...inputs, connection: moved },
            outputs: { ...outputs, connection: moved },
        });
        const error = await resource.destroy().then(
            () => "",
            (thrown: Error) => thrown.message,
        );
        const warnings = own.warnings();
        Object.assign(resource, { id, inputs, outputs });
        await resource.destroy();
        await own.stop();
        expect(diffSnapshots(before.get(host) as Snapshot, await host.snapshot())).toEqual([]);
        return { error, warnings };
    }
    const refused = () =>
        `DropIn x, host ${host.address}: ${host.address}:2222 can't be reached: connection refused. Check address and port, and that sshd runs there.`;

    test("is an error that names PORTABLE_DELETE_UNREACHABLE", async () => {
        for (const word of [undefined, "yes"])
            expect(await destroyed({ port: 2222 }, word)).toEqual({
                error: `${refused()} If the host is gone for good, run it again with PORTABLE_DELETE_UNREACHABLE=true.`,
                warnings: [],
            });
    });

    test("is a warning with PORTABLE_DELETE_UNREACHABLE=true, and nothing is removed from the host", async () => {
        const { error, warnings } = await destroyed({ port: 2222 }, "true");
        expect(error).toBe("");
        expect(warnings).toEqual([
            expect.stringMatching(
                /2222 can't be reached: connection refused.* It is taken for gone, since PORTABLE_DELETE_UNREACHABLE is set: nothing was removed there\.$/,
            ),
        ]);
    });

    test("a wrong host key and a rejected login are errors even with PORTABLE_DELETE_UNREACHABLE=true", async () => {
        const key = await destroyed({ hostKey: bare.hostKey }, "true");
        expect(key.error).toContain("shows the host key");
        const login = await destroyed({ user: "ghost" }, "true");
        expect(login.error).toContain(`doesn't let "ghost" log in`);
        for (const { error, warnings } of [key, login]) {
            expect(error).not.toContain("PORTABLE_DELETE_UNREACHABLE");
            expect(warnings).toEqual([]);
        }
    });
});
