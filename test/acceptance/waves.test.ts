import type { EngineStep } from "../engine/engine";
import type { TestHost } from "../hosts";
import { RUN_TIMEOUT_MS } from "./example";
import { onEveryEngine, onHost } from "./on-every-engine";

const names = ["web1", "web2", "web3"];

/** A step as text: "update AttachedService greeter-web1". */
const stepText = ({ op, urn, failed }: EngineStep) =>
    `${failed ? "failed " : ""}${op} ${urn.split("::")[2]?.split(":").at(-1)} ${urn.split("::").at(-1)}`;

onEveryEngine("waves", { hosts: names, prepare: ({ example }) => example.build() }, (scene) => {
    const host = (name: string) => scene.hosts[names.indexOf(name)] as TestHost;
    const onEach = <T>(ask: (host: TestHost) => Promise<T>) => Promise.all(scene.hosts.map(ask));
    const attached = (host: TestHost) => onHost(host, "readlink /etc/portables/* | sed 's|.*/||; s|-.*||'");
    const since = (host: TestHost) => onHost(host, "systemctl show -p ActiveEnterTimestampMonotonic greeter.socket");
    const page = async (host: TestHost) => (await host.http(8080, "/")).body;
    const greetings = () =>
        Promise.all(scene.hosts.map(async (host) => `Hello from ${await onHost(host, "cat /etc/hostname")}!\n`));
    const release = (version: string, status: string) => {
        scene.example.edit("greeter.c", /HTTP\/1\.0 [\w ]+/, `HTTP/1.0 ${status}`);
        scene.example.build();
        scene.stack.configure({ version });
    };

    test(
        "one up deploys to three hosts, and the canary is complete before the others begin",
        async () => {
            const { summary, outputs, steps } = await scene.stack.up();
            expect(summary).toEqual({ create: 8 });
            const services = steps.map(stepText).filter((step) => step.includes("AttachedService"));
            expect(services[0]).toBe("create AttachedService greeter-web1");
            expect(await onEach(attached)).toEqual(Array(3).fill("greeter_1.0"));
            expect(await onEach(page)).toEqual(await greetings());
            expect(Object.keys(outputs.serving as object).sort()).toEqual(names);
            expect((await scene.stack.preview()).summary).toEqual({ same: 8 });
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "an unhealthy release is rolled back on the canary, and no other host is switched",
        async () => {
            const before = await onEach(since);
            release("1.1", "500 Sorry");
            const { stdout, steps } = await scene.stack.failing("up");
            expect(stdout).toContain("so the hosts after it keep what they run: web2, web3");
            expect(stdout).toMatch(/files were rolled back: \S+greeter_1\.0-\w+\.raw is running/);
            const services = steps.map(stepText).filter((step) => step.includes("AttachedService"));
            expect(services).toEqual(["failed update AttachedService greeter-web1"]);
            expect(await onEach(attached)).toEqual(Array(3).fill("greeter_1.0"));
            expect(await onEach(page)).toEqual(await greetings());
            expect((await onEach(since)).slice(1)).toEqual(before.slice(1));

            // The image was uploaded to all hosts before the waves, which makes the waves short.
            expect(await onHost(host("web3"), "ls /var/lib/portables")).toMatch(/greeter_1\.0-.*\n.*greeter_1\.1-/);
            const { deployment } = await scene.engine.exportState(scene.stack.project);
            const states = (deployment.resources as { urn: string; outputs?: { serving?: string }; initErrors?: [] }[])
                .filter(({ urn }) => urn.includes("AttachedService"))
                .map(({ urn, outputs, initErrors = [] }) => [
                    urn.split("::").at(-1),
                    outputs?.serving?.replace(/-.*/, ""),
                    initErrors.length,
                ]);
            expect(states.sort()).toEqual([
                ["greeter-web1", "/var/lib/portables/greeter_1.0", 1],
                ["greeter-web2", "/var/lib/portables/greeter_1.0", 0],
                ["greeter-web3", "/var/lib/portables/greeter_1.0", 0],
            ]);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a healthy release is deployed to all hosts",
        async () => {
            release("1.1", "200 OK");
            const { summary, outputs } = await scene.stack.up();
            expect(summary).toEqual({ same: 2, update: 6 });
            expect(await onEach(attached)).toEqual(Array(3).fill("greeter_1.1"));
            expect(await onEach(page)).toEqual(await greetings());
            expect(Object.values(outputs.serving as object).join()).not.toContain("greeter_1.0");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a host that leaves the list loses the service, a new host gets it, and the others aren't changed",
        async () => {
            const before = await onEach(since);
            scene.stack.configure({ hosts: '["web2", "web3"]' });
            expect((await scene.stack.up()).summary).toEqual({ same: 6, delete: 2 });
            expect(await onHost(host("web1"), "find /etc /var/lib/portables -name 'greeter*'")).toBe("");
            scene.stack.configure({ hosts: undefined });
            expect((await scene.stack.up()).summary).toEqual({ same: 6, create: 2 });
            expect(await onEach(page)).toEqual(await greetings());
            expect((await onEach(since)).slice(1)).toEqual(before.slice(1));
            scene.stack.configure({ version: undefined });
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a preview of fifty hosts shows shared inputs once, and fits into a pull request's comment of 65,536 characters",
        async () => {
            const many = scene.stackNamed("many");
            const keys = Array.from({ length: 50 }, (_, index) => `web${index + 1}`);
            many.configure({ hosts: JSON.stringify(keys) });
            const { stdout, summary } = await many.preview({ diff: true });
            expect(summary).toEqual({ create: 102 });
            expect(stdout.length).toBeLessThan(30_000);
            expect(stdout.match(/"units\/greeter\.socket"/g)).toHaveLength(1);
            expect(stdout.match(/sameAs/g)).toHaveLength(98);
            for (const key of keys) expect(stdout).toContain(`"${key}"`);
        },
        RUN_TIMEOUT_MS,
    );

    describe("the preview of a changed release on fifty hosts has less than half the size of a comment:", () => {
        const keys = Array.from({ length: 50 }, (_, index) => `web${index + 1}`);
        const socket = "units/greeter.socket";
        const dropIns = (lines: string) =>
            `\n    dropIns: [{ unit: "greeter@.service", sections: { Service: { ${lines} } } }],\n    waves:`;
        const deployed = dropIns('Environment: { GREETER: "one" }');
        let files: [name: string, text: string][];

        /** Imports a state with fifty hosts, of which 47 are copies of the third one. */
        beforeAll(async () => {
            files = ["index.ts", socket, "greeter.c"].map((name) => [name, scene.example.read(name)]);
            scene.example.edit("index.ts", "\n    waves:", deployed);
            await scene.stack.up();
            const state = await scene.engine.exportState(scene.stack.project);
            const resources = state.deployment.resources as { urn: string }[];
            const copies = keys.slice(3).flatMap((key, index) =>
                resources
                    .filter(({ urn }) => urn.endsWith("greeter-web3"))
                    .map((resource) => {
                        const text = JSON.stringify(resource).replaceAll("web3", key);
                        const [, machine = ""] = /"machineId":"(\w+)"/.exec(text) ?? [];
                        return JSON.parse(text.replaceAll(machine, machine.slice(0, -2) + (index + 10)));
                    }),
            );
            state.deployment.resources = JSON.parse(
                JSON.stringify([...resources, ...copies])
                    .replaceAll("urn:pulumi:dev:", "urn:pulumi:fifty:")
                    .replaceAll("::waves-dev", "::waves-fifty"),
            );
            const fifty = scene.stackNamed("fifty");
            fifty.configure({ hosts: JSON.stringify(keys) });
            await scene.engine.importState?.(fifty.project, state);
        }, RUN_TIMEOUT_MS);

        afterAll(async () => {
            for (const [name, text] of files) scene.example.write(name, text);
            scene.example.build();
            const empty = { version: 3, deployment: { resources: [] } };
            await scene.engine.importState?.(scene.stackNamed("fifty").project, empty);
        });

        test.each<[change: string, summary: Record<string, number>, edit: () => void]>([
            ["nothing", { same: 102 }, () => {}],
            ["a file", { same: 2, update: 100 }, () => scene.example.edit("greeter.c", "200 OK", "200 Fine")],
            [
                "a line of a unit",
                { same: 2, update: 100 },
                () => scene.example.edit(socket, "[Socket]", "[Socket]\nBacklog=64"),
            ],
            ["a drop-in's value", { same: 52, update: 50 }, () => scene.example.edit("index.ts", '"one"', '"two"')],
            [
                "a line more in a drop-in",
                { same: 52, update: 50 },
                () =>
                    scene.example.edit(
                        "index.ts",
                        deployed,
                        dropIns('Environment: { GREETER: "one" }, MemoryMax: "64M"'),
                    ),
            ],
            [
                "a new image, and its drop-in",
                { same: 2, update: 100 },
                () => {
                    scene.stackNamed("fifty").configure({ version: "2.0" });
                    scene.example.edit("greeter.c", "200 OK", "200 Fine");
                    scene.example.edit("index.ts", deployed, dropIns('Environment: { GREETER: "two" }'));
                },
            ],
        ])(
            "%s",
            async (_, expected, edit) => {
                for (const [name, text] of files) scene.example.write(name, text);
                scene.example.edit("index.ts", "\n    waves:", deployed);
                scene.stackNamed("fifty").configure({ version: undefined });
                edit();
                scene.example.build();
                const { stdout, summary } = await scene.stackNamed("fifty").preview({ diff: true });
                expect(summary).toEqual(expected);
                expect(stdout.length).toBeLessThan(30_000);
            },
            RUN_TIMEOUT_MS,
        );
    });
});
