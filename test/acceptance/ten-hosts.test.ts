import { RUN_TIMEOUT_MS } from "./example";
import { onEveryEngine, onHost } from "./on-every-engine";

const names = Array.from({ length: 10 }, (_, index) => `web${index + 1}`);

onEveryEngine("ten-hosts", { hosts: names, prepare: ({ example }) => example.build() }, (scene) => {
    const pages = () => Promise.all(scene.hosts.map(async (host) => (await host.http(8080, "/")).body));
    const digests = () =>
        Promise.all(scene.hosts.map((host) => onHost(host, "cd /var/lib/portables && sha256sum *.raw")));

    test(
        "one up deploys one image to ten hosts, and the service answers on each",
        async () => {
            const { summary, outputs } = await scene.stack.up();
            expect(summary).toEqual({ create: 21 });
            expect(await pages()).toEqual(names.map((name) => `Hello from ${name}!\n`));
            expect(new Set(await digests()).size).toBe(1);
            expect(Object.keys(outputs.serving as object).sort()).toEqual([...names].sort());
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "another version updates the service on each of the ten hosts",
        async () => {
            scene.stack.configure({ version: "1.1" });
            const { summary } = await scene.stack.up();
            expect(summary).toEqual({ update: 20, same: 1 });
            expect(await pages()).toEqual(names.map((name) => `Hello from ${name}!\n`));
            for (const listed of await digests()) expect(listed).toMatch(/greeter_1\.0-.*\n.*greeter_1\.1-/);
            scene.stack.configure({ version: "1.0" });
        },
        RUN_TIMEOUT_MS,
    );
});
