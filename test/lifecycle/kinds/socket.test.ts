import { readFileSync } from "node:fs";
import { suites } from "../../hosts";
import { failure, type Json } from "../deployment";
import { onHost } from "../hello";
import { helloHost } from "../hello-host";
import { shown, writeUnits } from "./kinds";

describe.each(suites)("on %s", (suite) => {
    afterEach(async () => {
        await provider.destroyAll();
        await onHost(
            host,
            "systemctl disable -q --now web.socket; systemctl stop web.service needs.service; rm -f /etc/systemd/system/web.* /etc/systemd/system/needs.service; systemctl daemon-reload; systemctl reset-failed",
        );
    });
    const { program, provider, host, connection } = helloHost({
        suite,
        snapshot: true,
        prepare: async () => {
            await onHost(host, "base64 -d >/usr/local/bin/hellod && chmod 755 /usr/local/bin/hellod", hellod());
        },
    });
    const hellod = () => readFileSync(`${program.directory}/bin/hello`, "base64");
    beforeEach(() =>
        writeUnits(
            host,
            {
                "web.socket": "[Socket]\nListenStream=8080\n[Install]\nWantedBy=sockets.target\n",
                "web.service": "[Service]\nType=notify\nRuntimeDirectory=hello\nExecStart=/usr/local/bin/hellod\n",
                "needs.service":
                    "[Unit]\nRequires=web.service\nAfter=web.service\n[Service]\nExecStart=/bin/sleep infinity\n",
            },
            "systemctl enable -q --now web.socket && systemctl start web.service needs.service",
        ),
    );
    const moved = (port: string, rest: Json = {}): Json => ({
        unit: "web.socket",
        sections: { Socket: { ListenStream: ["", port], ...rest } },
        connection,
    });
    const active = () => onHost(host, "systemctl is-active web.socket web.service needs.service || true");
    const ALL = "active\nactive\nactive";
    const page = async (port: number) => (await host.http(port, "/")).body;

    test("a running socket gets the new address at create, update and delete, though its service runs", async () => {
        const dropIn = provider.resource("DropIn", "web");
        const pid = await shown(host, "web.service", "MainPID");
        await dropIn.up(moved("8081"));
        expect(await page(8081)).toBe("Hello, world!\n");
        await expect(host.http(8080, "/")).rejects.toThrow("ECONNREFUSED");
        expect(await active()).toBe(ALL);
        expect(await shown(host, "web.service", "MainPID")).not.toEqual(pid);
        expect((await shown(host, "web.socket", "Listen")).Listen).toContain("8081");
        await dropIn.up(moved("8082"));
        expect(await page(8082)).toBe("Hello, world!\n");
        // The socket still starts its service after a stop.
        await onHost(host, "systemctl stop web.service 2>/dev/null");
        expect(await page(8082)).toBe("Hello, world!\n");
        await onHost(host, "systemctl start needs.service");
        await dropIn.destroy();
        expect(await page(8080)).toBe("Hello, world!\n");
        expect(await active()).toBe(ALL);
        expect(provider.warnings()).toEqual([]);
    });

    test("a change of a socket doesn't start its service", async () => {
        await onHost(host, "systemctl stop needs.service web.service 2>/dev/null");
        const dropIn = provider.resource("DropIn", "web");
        await dropIn.up(moved("8081"));
        expect(await active()).toBe("active\ninactive\ninactive");
        expect(await page(8081)).toBe("Hello, world!\n");
    });

    test("a socket whose new address is in use is rolled back, with its service and dependents", async () => {
        const dropIn = provider.resource("DropIn", "web");
        const failed = await failure(dropIn.up(moved("22")));
        expect(failed.isPartial).toBe(true);
        expect(failed.message).toContain("The drop-in and files were rolled back");
        expect(await active()).toBe(ALL);
        expect(await page(8080)).toBe("Hello, world!\n");
        await dropIn.up(moved("8081"));
        await failure(dropIn.up(moved("22")));
        expect(await page(8081)).toBe("Hello, world!\n");
        expect(await active()).toBe(ALL);
    });

    test("connections during the change don't start the service too early", async () => {
        const dropIn = provider.resource("DropIn", "web");
        await dropIn.up(moved("8081", { Backlog: 100 }));
        await onHost(
            host,
            "systemd-run -q --unit knock bash -c 'while :; do (echo GET / >/dev/tcp/127.0.0.1/8081) 2>/dev/null; done'",
        );
        try {
            for (const backlog of [50, 60, 70]) {
                await dropIn.up(moved("8081", { Backlog: backlog }));
                expect((await shown(host, "web.socket", "Backlog")).Backlog).toBe(String(backlog));
                expect(await active()).toBe(ALL);
            }
        } finally {
            await onHost(host, "systemctl stop knock");
        }
    });
});
