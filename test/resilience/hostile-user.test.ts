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
 * A user of the host writes wherever root isn't alone, while deployments run: links, FIFOs, locks, renames. Nothing of
 * root's that wasn't declared may change, and every deployment must end.
 */

const SECONDS = isSoak ? 60 : 12;
/** No deployment may take longer, however busy the machine is: it would wait for the user. */
const MAX_MS = 60_000;

/** What root has, with mode, owner and content; declared files and records are gone by then. */
const ROOTS = `find /etc /root /usr/lib/systemd /usr/local /opt /boot -xdev ! -path '/etc/.pwd.lock' -printf '%p %y %m %U:%G %l\\n' 2>/dev/null | sort
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
        before = await onHost(host, ROOTS);
    }, bootTimeoutMs);
    afterAll(async () => {
        await provider?.stop();
        await host?.down();
    });

    test("a user with the rights to write everywhere that isn't root's changes nothing of root's, and stops nothing", async () => {
        const source = readFileSync(join(__dirname, "hostile-user.py"), "utf8");
        const hostile = host.exec(`runuser -u mallory -- python3 - ${SECONDS}`, { input: source });
        let isOver = false;
        const over = hostile.then((result) => {
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
            const failed = await timed(versions.update(to));
            if (failed !== undefined) wrong.push(`the update failed: ${failed.message}`);
            to = other(to);
            const [good, inputs] = dropIn("good", { "/etc/app/key": { content: `${round}`, mode: "0600" } });
            const refused = await timed(good.up(inputs));
            if (refused !== undefined) wrong.push(`the drop-in failed: ${refused.message}`);
            if (good.id !== "") await timed(good.destroy());
            for (const path of ["/srv/mallory/app/config.toml", "/srv/shared/sub/hosts", "/var/tmp/sub/precious"]) {
                const [bad, declared] = dropIn("bad", { [path]: { content: "x", owner: "mallory" } });
                const why = await timed(bad.up(declared));
                if (why === undefined) wrong.push(`${path} was written`);
                else if (/can't be made|exists already/.test(why.message)) refusals++;
                else wrong.push(`${path}: ${why.message}`);
            }
        }
        const { code, stdout, stderr } = await over;
        expect([code, stderr]).toEqual([0, ""]);
        const tried = JSON.parse(stdout) as Record<string, number>;
        if ((await versions.found()) === "two") await versions.update("one");
        const after = await onHost(host, ROOTS);
        expect(wrong).toEqual([]);
        expect(after.split("\n").filter((line) => !before.includes(line))).toEqual([]);
        expect(before.split("\n").filter((line) => !after.includes(line))).toEqual([]);
        expect(Math.max(...times)).toBeLessThan(MAX_MS);
        expect(Math.min(tried.link ?? 0, tried.fifo ?? 0, tried.lock ?? 0)).toBeGreaterThan(10);
        report(`a hostile user on ${suite}`, { seconds: SECONDS, deployments: times.length, refusals, ...tried });
    }, 600_000);
});
