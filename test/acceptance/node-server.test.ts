import type { TestHost } from "../hosts";
import { RUN_TIMEOUT_MS } from "./example";
import { eventually, onEveryEngine, onHost, shown } from "./on-every-engine";

onEveryEngine("node-server", {}, (scene) => {
    const host = () => scene.hosts[0] as TestHost;
    const page = async (path: string) => (await host().http(8080, path)).body;

    test(
        "up: the image has Node.js, and the server answers under the default profile",
        async () => {
            expect((await host().exec("command -v node")).code).not.toBe(0);
            const { outputs } = await scene.stack.up();
            expect(outputs.units).toMatchObject({
                "web.service": { active: "active", sub: "running" },
                "web.socket": { active: "active", sub: "running" },
            });
            expect(await page("/?name=Ada")).toBe("Hello, Ada!\n");
            expect(await shown(host(), "web.service", "DynamicUser")).toBe("yes");
            expect(await shown(host(), "web.service", "PrivateUsers")).toBe("yes");
            expect(await shown(host(), "web.service", "MemoryDenyWriteExecute")).toBe("no");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a changed program is deployed without losing a request",
        async () => {
            const server = scene.example.read("app/server.js");
            scene.example.write("app/server.js", server.replace('"World"', '"Universe"'));
            const answers: string[] = [];
            let done = false;
            const requests = (async () => {
                while (!done) answers.push(await page("/"));
            })();
            await scene.stack.up();
            done = true;
            await requests;
            scene.example.write("app/server.js", server);
            expect(new Set(answers)).toEqual(new Set(["Hello, World!\n", "Hello, Universe!\n"]));
            expect(await page("/")).toBe("Hello, Universe!\n");
        },
        RUN_TIMEOUT_MS,
    );

    test("the host has no file of Node.js outside of the image", async () => {
        const found = await eventually(
            () =>
                onHost(
                    host(),
                    "find / -xdev -name 'node*' -type f -perm -111 -not -path '/proc/*' 2>/dev/null || true",
                ),
            (files) => files === "",
        );
        expect(found).toBe("");
    });
});
