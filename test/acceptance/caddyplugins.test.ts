import type { TestHost } from "../hosts";
import { buildCaddy } from "./caddy";
import { RUN_TIMEOUT_MS } from "./example";
import { eventually, journal, onEveryEngine, onHost, shown } from "./on-every-engine";

onEveryEngine("caddyplugins", { prepare: ({ example }) => buildCaddy(example) }, (scene) => {
    const host = () => scene.hosts[0] as TestHost;
    const page = () => host().http(80, "/");
    const pid = () => shown(host(), "caddyplugins.service", "MainPID");

    test(
        "portablectl attach, systemctl enable --now caddyplugins.socket, curl: Hello, world! from port 80",
        async () => {
            const { outputs } = await scene.stack.up();
            expect(await page()).toEqual({ status: 200, body: "Hello, world!" });
            expect(outputs.units).toEqual({
                "caddyplugins.service": {
                    load: "loaded",
                    active: "active",
                    sub: "running",
                    enablement: "enabled",
                    links: ["multi-user.target.wants/caddyplugins.service"],
                },
                "caddyplugins.socket": {
                    load: "loaded",
                    active: "active",
                    sub: "running",
                    enablement: "enabled",
                    links: ["sockets.target.wants/caddyplugins.socket"],
                },
            });
            expect(await shown(host(), "caddyplugins.service", "RootImage")).toMatch(
                /\/caddyplugins_2\.11\.9-\w+\.raw$/,
            );
        },
        RUN_TIMEOUT_MS,
    );

    test("port 80 without root: the service has a DynamicUser= and no capability", async () => {
        expect(await shown(host(), "caddyplugins.service", "AmbientCapabilities")).toBe("");
        const status = await onHost(host(), `grep -E '^(Uid|CapEff|CapAmb):' /proc/${await pid()}/status`);
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        expect(uid).toBeGreaterThanOrEqual(61184); // systemd.exec(5), DynamicUser=: 61184 to 65519
        expect(uid).toBeLessThanOrEqual(65519);
        expect(status).toMatch(/^CapEff:\s+0+$/m);
        expect(status).toMatch(/^CapAmb:\s+0+$/m);
        const listener = await onHost(host(), "ss -Hltnp 'sport = :80'");
        expect(listener).toContain('"systemd",pid=1');
    });

    test("ls /tmp/systemd-private-*: the admin endpoint is a socket in the service's own /tmp", async () => {
        const sockets = await onHost(host(), "find /tmp -type s -path '*caddyplugins.service*'");
        expect(sockets).toMatch(
            /^\/tmp\/systemd-private-[0-9a-f]+-caddyplugins\.service-\w+\/tmp\/caddy-admin\.socket$/,
        );
        const started = (await journal(host(), "caddyplugins.service")).filter((line) =>
            line.includes("admin endpoint started"),
        );
        expect(started.at(-1)).toContain("unix//tmp/caddy-admin.socket");
    });

    test(
        "override.conf, /etc/caddy/Caddyfile, systemctl reload caddyplugins: Hello, User!",
        async () => {
            const before = await pid();
            scene.stack.configure({ name: "User" });
            await scene.stack.up();
            expect(await page()).toEqual({ status: 200, body: "Hello, User!" });
            expect(await pid()).toBe(before);
            expect(await onHost(host(), "cat /etc/systemd/system/caddyplugins.service.d/override.conf")).toContain(
                "BindReadOnlyPaths=/etc/caddy",
            );
            expect(await onHost(host(), "cat /etc/caddy/Caddyfile")).toBe(scene.example.read("Caddyfile.host").trim());
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "caddy with plugins, portablectl reattach, systemctl restart, curl -I: 418 I'm a teapot",
        async () => {
            const before = await shown(host(), "caddyplugins.service", "RootImage");
            scene.stack.configure({ name: undefined, teapot: "true" });
            await scene.stack.up();
            const answer = await eventually(page, ({ status }) => status === 418);
            expect(answer).toEqual({ status: 418, body: "I'm a teapot\n" });
            const now = await shown(host(), "caddyplugins.service", "RootImage");
            expect(now).toMatch(/\/caddyplugins_2\.11\.9-\w+\.raw$/);
            expect(now).not.toBe(before);
            expect(await onHost(host(), "ls /etc/caddy 2>&1 || true")).toContain("No such file");
            scene.stack.configure({ teapot: undefined });
        },
        RUN_TIMEOUT_MS,
    );
});
