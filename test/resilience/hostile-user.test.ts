import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bootHost, type TestHost } from "../hosts";
import type { Deployment, Json } from "../lifecycle/deployment";
import { bootTimeoutMs, HelloProgram, makeToyService, onHost } from "../lifecycle/hello";
import type { Provider } from "../lifecycle/provider";
import { report } from "./figures";
import { isSoak, suites } from "./soak";
import { other, TwoVersions, type Version } from "./two-versions";

/*
 * While deployments run, a user of the host makes links, FIFOs, locks and renames in every directory that isn't writable by
 * root alone. No file of root's may change unless it was declared, and every deployment must end.
 */

const SECONDS = isSoak ? 60 : 12;
/** A deployment that takes longer than this, even on a busy machine, was held up by the user. */
const MAX_MS = 60_000;

/** Prints mode, owner and content of root's files. Declared files and records have been removed when it runs. */
const PRINT_FILES_OF_ROOT = `find /etc /root /usr/lib/systemd /usr/local /opt /boot -xdev ! -path '/etc/.pwd.lock' -printf '%p %y %m %U:%G %l\\n' 2>/dev/null | sort
find /etc /root /usr/lib/systemd /usr/local /opt -xdev -type f -exec sha256sum {} + 2>/dev/null | sort -k 2`;

let program: HelloProgram;
beforeAll(() => {
    program = HelloProgram.make();
});
afterAll(() => program?.remove());

describe.each(suites)("on %s", (suite) => {
    let host: TestHost;
    let provider: Provider;
    let versions: TwoVersions;
    let connection: Json;
    let before: string;

    beforeAll(async () => {
        [provider, host] = await Promise.all([program.provider(), bootHost({ suite })]);
        await makeToyService(host);
        await onHost(
            host,
            `useradd --create-home mallory && install -d -o mallory /srv/mallory /srv/mallory/app &&
            install -d -m 2775 -g mallory /srv/shared && echo precious | tee /etc/precious >/root/precious && chmod 0600 /root/precious`,
        );
        versions = await TwoVersions.deploy(program, provider, host, "deploy");
        connection = { ...versions.connection, user: "root" };
        before = await onHost(host, PRINT_FILES_OF_ROOT);
    }, bootTimeoutMs);
    afterAll(async () => {
        await provider?.stop();
        await host?.down();
    });

    test("a user who writes in every directory that isn't root's alone changes no file of root's and stops no deployment", async () => {
        const source = readFileSync(join(__dirname, "hostile-user.py"), "utf8");
        const hostile = host.exec(`runuser -u mallory -- python3 - ${SECONDS}`, { input: source });
        let isOver = false;
        const ended = hostile.then((result) => {
            isOver = true;
            return result;
        });
        const times: number[] = [];
        const timed = async (work: Promise<unknown>) => {
            const began = Date.now();
            const error = await work.then(
                () => undefined,
                (thrown: Error) => thrown,
            );
            times.push(Date.now() - began);
            return error;
        };
        const dropIn = (name: string, files: Json): [Deployment, Json] => [
            provider.resource("DropIn", name),
            { unit: "toy.service", name: `${name}.conf`, text: "[Service]\nEnvironment=A=1\n", files, connection },
        ];
        const wrong: string[] = [];
        let to: Version = "two";
        let refusals = 0;
        for (let round = 0; !isOver; round++) {
            const updateFailure = await timed(versions.update(to));
            if (updateFailure !== undefined) wrong.push(`the update failed: ${updateFailure.message}`);
            to = other(to);
            const [good, inputs] = dropIn("good", { "/etc/app/key": { content: `${round}`, mode: "0600" } });
            const dropInFailure = await timed(good.up(inputs));
            if (dropInFailure !== undefined) wrong.push(`the drop-in failed: ${dropInFailure.message}`);
            if (good.id !== "") await timed(good.destroy());
            for (const path of ["/srv/mallory/app/config.toml", "/srv/shared/sub/hosts", "/var/tmp/sub/precious"]) {
                const [bad, declared] = dropIn("bad", { [path]: { content: "x", owner: "mallory" } });
                const refusal = await timed(bad.up(declared));
                if (refusal === undefined) wrong.push(`${path} was written`);
                else if (/can't be made|exists already/.test(refusal.message)) refusals++;
                else wrong.push(`${path}: ${refusal.message}`);
            }
        }
        const { code, stdout, stderr } = await ended;
        expect([code, stderr]).toEqual([0, ""]);
        const attempts = JSON.parse(stdout) as Record<string, number>;
        if ((await versions.found()) === "two") await versions.update("one");
        const after = await onHost(host, PRINT_FILES_OF_ROOT);
        expect(wrong).toEqual([]);
        expect(after.split("\n").filter((line) => !before.includes(line))).toEqual([]);
        expect(before.split("\n").filter((line) => !after.includes(line))).toEqual([]);
        expect(Math.max(...times)).toBeLessThan(MAX_MS);
        expect(Math.min(attempts.link ?? 0, attempts.fifo ?? 0, attempts.lock ?? 0)).toBeGreaterThan(10);
        report(`a hostile user on ${suite}`, { seconds: SECONDS, deployments: times.length, refusals, ...attempts });
    }, 600_000);
});
