import { diffSnapshots, type TestHost } from "../hosts";
import { RUN_TIMEOUT_MS } from "./example";
import { onEveryEngine, onHost, shown } from "./on-every-engine";

/** Path of a unit that a Debian package would install. */
const HOSTS_OWN = "/usr/lib/systemd/system/caddy.service";

onEveryEngine(
    "name-conflict",
    {
        prepare: async ({ example, hosts }) => {
            example.build();
            const unit = "[Unit]\nDescription=The host's own\n[Service]\nExecStart=/bin/sleep infinity\n";
            await onHost(
                hosts[0] as TestHost,
                `cat >${HOSTS_OWN} && systemctl daemon-reload && systemctl start caddy`,
                unit,
            );
        },
        restore: async ({ hosts }) => {
            await onHost(hosts[0] as TestHost, `systemctl stop caddy && rm ${HOSTS_OWN} && systemctl daemon-reload`);
        },
    },
    (scene) => {
        const host = () => scene.hosts[0] as TestHost;

        test(
            "an image with the name of a unit of the host is refused before any change, with what to rename",
            async () => {
                const pid = await shown(host(), "caddy.service", "MainPID");
                const { stdout } = await scene.stack.failing("up");
                expect(stdout).toMatch(
                    /the host has a unit caddy.service of its own \((\/usr)?\/lib\/systemd\/system\/caddy.service\)/,
                );
                expect(stdout).toContain("Rename the image and its units, for example to caddyapp");
                expect(await shown(host(), "caddy.service", "MainPID")).toBe(pid);
                expect(await onHost(host(), "ls /etc/systemd/system.attached 2>&1 || true")).toContain("No such file");
            },
            RUN_TIMEOUT_MS,
        );

        test(
            "an image whose name isn't the prefix of its units is refused in the preview, without the host",
            async () => {
                scene.stack.configure({ image: "caddyplugins" });
                const before = await host().snapshot();
                const { stdout } = await scene.stack.failing("preview");
                expect(stdout).toContain("Unit 'caddy.socket' doesn't belong to image 'caddyplugins'");
                expect(stdout).toContain("Rename the unit, or set the image's `name`");
                expect(diffSnapshots(before, await host().snapshot())).toEqual([]);
            },
            RUN_TIMEOUT_MS,
        );

        test(
            "after renaming image and units, both services are running",
            async () => {
                const pid = await shown(host(), "caddy.service", "MainPID");
                scene.stack.configure({ image: "caddyplugins", prefix: "caddyplugins" });
                await scene.stack.up();
                expect(await host().http(8080, "/")).toEqual({
                    status: 200,
                    body: "Hello from beside the host's own service!\n",
                });
                expect(await shown(host(), "caddy.service", "MainPID")).toBe(pid);
                expect(await onHost(host(), "ls /var/lib/portables")).not.toContain("caddy_");
                scene.stack.configure({ image: "caddy", prefix: "caddy" });
            },
            RUN_TIMEOUT_MS,
        );
    },
);
