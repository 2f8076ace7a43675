import { onHost } from "../acceptance/on-every-engine";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, connectionTo, mainPid } from "../lifecycle/hello";
import { type Declared, type Inputs, stepsOf } from "./program";
import { helloImage, onEngines } from "./scene";

/* A host of a PortableService gets another key: the service is taken over, and the delete of the old key never removes it. */

onEngines((scene) => {
    const hello = (more: Inputs, name = "web"): Declared => {
        const { connection: _, ...image } = helloImage({});
        return { type: "PortableService", name, inputs: { ...image, ...more } };
    };
    const keyed = (...keys: string[]) => ({
        connections: Object.fromEntries(keys.map((key) => [key, scene.connection])),
    });
    const up = async (...resources: Declared[]) => {
        scene.program.declare(resources);
        return scene.program.up();
    };
    const pid = () => mainPid(scene.host, "hello.service");
    const start = () => onHost(scene.host, "systemctl start hello.service; systemctl show -p MainPID hello.service");
    const recordOf = (key: string) =>
        onHost(scene.host, `sed -n 's/^${key} //p' /var/lib/pulumi-portable/services/hello`);
    const owner = async () => (await recordOf("urn")).split("::").at(-1);
    /** A resource that is deployed after the service, and fails. */
    const failing = (): Declared => ({
        type: "DropIn",
        name: "refused",
        inputs: { unit: "toy.service", text: "[Service]\nNice=high\n", connection: scene.connection },
        options: { dependsOn: ["web"] },
    });

    test("gets another name and loses it: the service isn't restarted, and each preview says so", async () => {
        const { program } = scene;
        await up(hello(keyed("one")));
        await start();
        const before = await pid();
        const names = ["web-one", "web-two", "web"];
        const declared = [keyed("two"), { connection: scene.connection }];
        for (const [index, connection] of declared.entries()) {
            program.declare([hello(connection)]);
            const preview = await program.preview();
            expect(stepsOf(preview)).toEqual({ [`${names[index]}`]: "delete", [`${names[index + 1]}`]: "create" });
            expect(preview.stdout).toContain(
                `AttachedService ${names[index + 1]}: if its host has the service under another key of web already, the service is taken over`,
            );
            await program.up();
            expect([await pid(), await owner(), await recordOf("former")]).toEqual([before, names[index + 1], ""]);
        }
        expect(stepsOf(await program.preview({ refresh: true }))).toEqual({});
    });

    test("gets another name with a change: one update, which is rolled back to the old key's where it fails", async () => {
        const { program } = scene;
        await up(hello(keyed("one")));
        await start();
        program.declare([
            hello({
                ...keyed("two"),
                dropIns: [{ unit: "hello.service", text: "[Service]\nExecStartPre=/bin/false\n" }],
            }),
        ]);
        const { code, stdout } = await program.failingUp();
        expect([code === 0, stdout.includes("rolled back")]).toEqual([false, true]);
        expect([await owner(), await recordOf("former")]).toEqual(["web-one", ""]);
        await up(hello({ ...keyed("two"), dropIns: [{ unit: "hello.service", text: "[Service]\nNice=1\n" }] }));
        expect([await owner(), await recordOf("former")]).toEqual(["web-two", ""]);
        expect(await onHost(scene.host, "systemctl show -p Nice --value hello.service")).toBe("1");
        expect(stepsOf(await program.preview({ refresh: true }))).toEqual({});
    });

    test("is renamed, the update fails after that, and the program gets the old name back: the service runs on", async () => {
        const { program } = scene;
        await up(hello(keyed("one")));
        await start();
        const before = await pid();
        program.declare([hello(keyed("two")), failing()]);
        expect((await program.failingUp()).code).not.toBe(0);
        expect([await owner(), await recordOf("former")]).toEqual(["web-two", expect.stringMatching(/::web-one$/)]);
        const { stdout } = await up(hello(keyed("one")));
        expect(stdout).toMatch(
            /hello stays attached on .*: it was taken over from .*::web-one, which the state still has/,
        );
        expect([await pid(), await owner(), await recordOf("former")]).toEqual([before, "web-one", ""]);
        expect(stepsOf(await program.preview({ refresh: true }))).toEqual({});
        // `afterEach` destroys and compares the host, so a destroy after a failure half way is tested, too.
        program.declare([hello(keyed("two")), failing()]);
        await program.failingUp();
    });

    test("two keys, or two components, lead to one machine: an error, and the service stays as it was", async () => {
        const { program } = scene;
        await up(hello(keyed("one")));
        await start();
        const before = await pid();
        program.declare([hello(keyed("one", "two"))]);
        const { code, stdout } = await program.failingUp();
        expect(code).not.toBe(0);
        expect(stdout).toMatch(
            /the service hello belongs to .*::web-one\. Both names of the component lead to this machine/,
        );
        expect([await pid(), await owner()]).toEqual([before, "web-one"]);
        program.declare([hello(keyed("one")), hello(keyed("one"), "other")]);
        const other = await program.failingUp();
        expect(other.stdout).toMatch(/the service hello belongs to .*::web-one\. One service has one owner/);
        await up(hello(keyed("one")));
        expect([await pid(), await owner()]).toEqual([before, "web-one"]);
    });

    describe("two machines", () => {
        let second: TestHost;
        beforeAll(async () => {
            second = await bootHost();
        }, bootTimeoutMs);
        afterAll(() => second?.down());

        test("swap their keys: no service is restarted", async () => {
            const { program } = scene;
            const there = connectionTo(second);
            await up(hello({ connections: { one: scene.connection, two: there } }));
            const pids = async () => [await pid(), await mainPid(second, "hello.service")];
            await start();
            await onHost(second, "systemctl start hello.service");
            const before = await pids();
            await up(hello({ connections: { one: there, two: scene.connection } }));
            expect([await pids(), await owner(), await recordOf("former")]).toEqual([before, "web-two", ""]);
            expect(stepsOf(await program.preview({ refresh: true }))).toEqual({});
        });
    });
});
