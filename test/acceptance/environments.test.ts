import { diffSnapshots, type Snapshot, type TestHost } from "../hosts";
import { RUN_TIMEOUT_MS } from "./example";
import { eventually, onEveryEngine, onHost } from "./on-every-engine";

onEveryEngine(
    "environments",
    { hosts: ["dev1", "staging1", "prod1", "prod2"], prepare: ({ example }) => example.build() },
    (scene) => {
        const host = (name: string) => scene.hosts[["dev1", "staging1", "prod1", "prod2"].indexOf(name)] as TestHost;
        const page = async (name: string) => (await host(name).http(8080, "/")).body;
        const images = (name: string) => onHost(host(name), "ls /var/lib/portables");

        test(
            "stack dev: its host gets its settings, and no other host is changed",
            async () => {
                const others = ["staging1", "prod1", "prod2"].map(host);
                const before = await Promise.all(others.map((other) => other.snapshot()));
                const { outputs } = await scene.stackNamed("dev").up();
                expect(outputs.pages).toEqual(["http://dev1:8080/"]);
                expect(await page("dev1")).toBe("Hello from the developers!\n");
                expect(
                    await onHost(
                        host("dev1"),
                        "readlink /etc/systemd/system.attached/greeter@.service.d/10-profile.conf",
                    ),
                ).toContain("/trusted/");
                for (const [index, other] of others.entries()) {
                    expect(diffSnapshots(before[index] as Snapshot, await other.snapshot())).toEqual([]);
                }
            },
            RUN_TIMEOUT_MS,
        );

        test(
            "stacks staging and prod: the same program deploys another version to other hosts, by an ordinary user with sudo",
            async () => {
                await scene.stackNamed("staging").up();
                await scene.stackNamed("prod").up();
                expect(await page("staging1")).toBe("Hello from staging!\n");
                expect([await page("prod1"), await page("prod2")]).toEqual(Array(2).fill("Hello from production!\n"));
                expect(await images("staging1")).toMatch(/^greeter_1\.1-\w+\.raw$/);
                expect(await images("prod1")).toMatch(/^greeter_1\.0-\w+\.raw$/);
                const logins = await eventually(
                    () => onHost(host("prod1"), "journalctl -q -b -o cat -t sshd -t sshd-session"),
                    (text) => text.includes("Accepted"),
                );
                expect(logins).toMatch(/Accepted publickey for deploy /);
                expect(logins).not.toMatch(/Accepted publickey for root /);
            },
            RUN_TIMEOUT_MS,
        );

        test(
            "a version is promoted from staging to prod by changing its setting",
            async () => {
                scene.example.edit("Pulumi.prod.yaml", 'version: "1.0"', 'version: "1.1"');
                try {
                    await scene.stackNamed("prod").up();
                    expect(await images("prod2")).toMatch(/^greeter_1\.0-\w+\.raw\ngreeter_1\.1-\w+\.raw$/);
                    expect(await page("prod2")).toBe("Hello from production!\n");
                } finally {
                    scene.example.edit("Pulumi.prod.yaml", /version: "?1.1"?/, 'version: "1.0"');
                }
            },
            RUN_TIMEOUT_MS,
        );
    },
);
