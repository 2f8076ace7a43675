import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ansibleContenders } from "../../bench/by-hand";
import { bootTimeoutMs, connectionTo, HelloProgram, image, onHost } from "../lifecycle/hello";
import type { Json, Provider } from "../lifecycle/provider";
import { bootTarget, type TestTarget } from "../target";
import { report } from "./figures";
import { type Seen, underLoad } from "./load";
import { isSoak } from "./soak";

/*
 * What clients see of the other ways to bring a new image, each 20 times under the same load as ours in deploys.test.ts:
 * for the table in docs/updates.md. Nothing is claimed of them here but that they were carried out.
 */

const UPDATES = 20;

/** Shell programs that bring the image $1 in place of $2; between two of them a pause, as between deploys. */
const WAYS = {
    "portablectl detach --now, attach --enable --now":
        "portablectl -q detach --now $2; portablectl -q attach --enable --now $1",
    "portablectl reattach --now": "portablectl -q reattach --now $1",
    "portablectl reattach, systemctl restart of service and socket":
        "portablectl -q reattach $1; systemctl restart hello.service hello.socket",
    "portablectl reattach, systemctl restart of the service":
        "portablectl -q reattach $1; systemctl restart hello.service",
};

(isSoak ? describe : describe.skip)("by hand", () => {
    let program: HelloProgram;
    let target: TestTarget;
    let provider: Provider;
    let connection: Json;
    const images: string[] = [];

    beforeAll(async () => {
        program = new HelloProgram();
        [provider, target] = await Promise.all([program.provider(), bootTarget()]);
        connection = connectionTo(target);
        for (const version of ["1", "2"]) {
            const pointer = provider.resource("PortableImage", `hello-${version}`);
            await pointer.up(image(connection, { version, mark: version }));
            images.push(pointer.outputs.path as string);
        }
    }, bootTimeoutMs);
    afterAll(async () => {
        await provider?.stop();
        await target?.down();
        program?.remove();
    });

    /** The host with the first image attached and serving; all that is in between goes. */
    async function fresh(): Promise<void> {
        await onHost(
            target,
            `systemctl stop hello.socket hello.service; systemctl reset-failed; for image in ${images.join(" ")}; do portablectl -q detach "$image" 2>/dev/null; done
            portablectl -q attach --enable ${images[0]} && systemctl daemon-reload && systemctl start hello.socket hello.service`,
        );
    }

    async function measure(way: string, update: (path: string, before: string) => Promise<void>): Promise<Seen> {
        await fresh();
        const seen = await underLoad(target, 8080, async () => {
            for (let at = 1; at <= UPDATES; at++) {
                await update(images[at % 2] as string, images[(at + 1) % 2] as string);
                await new Promise((done) => setTimeout(done, 2000));
            }
        });
        const serves = await target.http(8080, "/").then(
            ({ status }) => `answers ${status} at the end`,
            (error: Error) => `at the end nobody answers: ${error.message}`,
        );
        report("by hand", { way, ...seen, serves });
        return seen;
    }

    test.each(Object.entries(WAYS))(
        "%s",
        async (way, commands) => {
            const seen = await measure(way, async (path, before) => {
                await target.ssh(`set -- ${path} ${before}; ${commands}`);
            });
            expect(seen.sent).toBeGreaterThan(seen.seconds * 190);
        },
        900_000,
    );

    test("Ansible", async () => {
        const directory = mkdtempSync(join(tmpdir(), "portable-test-ansible-"));
        try {
            const [ansible] = await ansibleContenders({ directory, sshConfigPath: target.sshConfigPath });
            if (ansible === undefined || "missing" in ansible) return console.log(ansible?.missing);
            const local = new Map<string, string>();
            for (const path of images) {
                const file = join(directory, path.split("/").pop() as string);
                writeFileSync(file, Buffer.from(await onHost(target, `base64 ${path}`), "base64"));
                local.set(path, file);
            }
            const seen = await measure("Ansible: copy, template, reattach, restart of the service", async (path) => {
                await ansible.deploy([target], { image: local.get(path) as string, name: "hello", release: "" });
            });
            expect(seen.sent).toBeGreaterThan(seen.seconds * 190);
        } finally {
            rmSync(directory, { recursive: true, force: true });
        }
    }, 900_000);
});
