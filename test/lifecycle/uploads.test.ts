import { setTimeout as sleep } from "node:timers/promises";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { bootHost, type TestHost } from "../hosts";
import { type Deployment, fileAsset, type Json } from "./deployment";
import { bootTimeoutMs, connectionTo, HelloProgram, image, onHost } from "./hello";
import type { Provider } from "./provider";

/** The upload takes long enough to be interrupted. */
const BALLAST_BYTES = 120_000_000;

let program: HelloProgram;
let host: TestHost;
beforeAll(async () => {
    program = HelloProgram.make();
    program.writeBallast(BALLAST_BYTES);
    host = await bootHost();
}, bootTimeoutMs);
afterAll(() => host?.down());

/** Inputs of an image with the ballast. */
function largeImage(name: string): Json {
    const { source, ...rest } = image(connectionTo(host), { name });
    const { files } = source as { files: { units: string[]; tree: Json; substitutions: Json } };
    const units = files.units.map((_, index) => ({
        name: index === 0 ? `${name}.service` : `${name}.socket`,
        text: index === 0 ? "[Service]\nExecStart=@helloExe@\n" : "[Socket]\nListenStream=8080\n",
    }));
    const tree = { ...files.tree, "/usr/share/ballast": { asset: fileAsset("ballast") } };
    return { ...rest, source: { files: { ...files, units, tree } } };
}

/** Starts an upload and resolves once a part has arrived; `ended` resolves to the error, or undefined. */
async function startUpload(pointer: Deployment): Promise<{ ended: Promise<Error | undefined> }> {
    const ended = pointer.up(largeImage("hello")).then(
        () => undefined,
        (error: Error) => error,
    );
    const some = 'for part in /var/lib/pulumi-portable/incoming/*/*.raw; do [ -s "$part" ] || exit 1; done';
    for (let tries = 0; tries < 1500; tries++) {
        if ((await host.exec(some)).code === 0) return { ended };
        await sleep(10);
    }
    throw new Error("nothing of the image has arrived");
}

/** Processes and files that an interrupted upload left on the host, after waiting for its processes. */
const leftovers = () =>
    onHost(
        host,
        `for try in $(seq 50); do pgrep -x 'tail|sha256sum|timeout' >/dev/null || break; sleep 0.1; done
        pgrep -ax 'tail|sha256sum|timeout'; find /var/lib/pulumi-portable /var/lib/portables -mindepth 1; true`,
    );

test("leftovers of a killed upload are removed by the next operation", async () => {
    const provider = await program.provider();
    const { ended } = await startUpload(provider.resource("PortableImage", "hello"));
    await host.exec("pkill -KILL -f portable:end; pkill -KILL -x 'tail|sha256sum'; pkill -KILL -f '^sshd: root'");
    expect(await ended).toBeInstanceOf(Error);
    expect(await leftovers()).toContain("/var/lib/pulumi-portable/incoming/");

    const next = (await program.provider()).resource("PortableImage", "other");
    await next.up(image(connectionTo(host), { name: "hello" }));
    await next.destroy();
    expect(await leftovers()).toBe("");
}, 120_000);

describe("an interrupted upload leaves nothing on the host, and the next one succeeds:", () => {
    const interruptions: [string, (provider: Provider) => Promise<unknown>][] = [
        ["the provider is killed", (provider) => provider.kill()],
        ["the engine cancels", (provider) => provider.call("cancel", new Empty())],
        ["the connection breaks", () => host.exec("pkill -KILL -f '^sshd(-session)?: root'")],
    ];
    test.each(interruptions)(
        "%s",
        async (_, cut) => {
            const provider = await program.provider();
            const { ended } = await startUpload(provider.resource("PortableImage", "hello"));
            await cut(provider);
            expect(await ended).toBeInstanceOf(Error);
            expect(await leftovers()).toBe("");

            const next = (await program.provider()).resource("PortableImage", "hello");
            await next.up(largeImage("hello"));
            expect(await onHost(host, `sha256sum <${next.outputs.path} | cut -c 1-64`)).toBe(next.outputs.digest);
            await next.destroy();
            expect(await leftovers()).toBe("");
        },
        120_000,
    );
});

test("a canceled upload that waits for another one leaves nothing on the host", async () => {
    const provider = await program.provider();
    const names = ["hello", "other"];
    const ended = Promise.allSettled(
        names.map((name) => provider.resource("PortableImage", name).up(largeImage(name))),
    );
    const isUploading = '[ -n "$(ls /var/lib/pulumi-portable/incoming/*/*.raw)" ]';
    for (let tries = 0; tries < 1000 && (await host.exec(isUploading)).code !== 0; tries++) await sleep(10);
    expect(provider.texts).toContain("waiting to upload");
    await provider.call("cancel", new Empty());
    expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await leftovers()).toBe("");
}, 120_000);

test("two images can be uploaded at once to a host with MaxSessions 2", async () => {
    await host.exec("echo MaxSessions 2 > /etc/ssh/sshd_config.d/portable-test.conf; systemctl reload ssh");
    const provider = await program.provider();
    const pointers = ["one", "two"].map((name) => [name, provider.resource("PortableImage", name)] as const);
    await Promise.all(pointers.map(([name, pointer]) => pointer.up(largeImage(name))));
    for (const [, { outputs }] of pointers)
        expect(await onHost(host, `sha256sum <${outputs.path} | cut -c 1-64`)).toBe(outputs.digest);
}, 120_000);
