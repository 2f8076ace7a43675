import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RUN_TIMEOUT_MS } from "../../acceptance/example";
import { eventually, journal, onHost } from "../../acceptance/on-every-engine";
import { savedFiles, tarOf } from "../../image/sources/oci/oci-layout";
import { followGuides } from "./follow-guides";
import type { GuideProject } from "./guide-project";
import { SOURCES } from "./parts";

/** Makes the files that commands on the pages would make: `docker save`, mmdebstrap, a build of a ready image. */
async function makeSources(project: GuideProject): Promise<void> {
    // The directory of docs/guides/images/directory.md, with this machine's busybox.
    mkdirSync(project.path("root/bin"), { recursive: true });
    const busybox = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
    const libraries = execFileSync("sh", ["-c", `ldd ${busybox} || true`], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
    for (const file of libraries) {
        mkdirSync(dirname(project.path(`root${file}`)), { recursive: true });
        copyFileSync(file, project.path(`root${file}`));
    }
    copyFileSync(busybox, project.path("root/bin/busybox"));
    chmodSync(project.path("root/bin/busybox"), 0o755);
    project.write("root/usr/lib/os-release", "ID=debian\nVERSION_ID=12\n");
    project.write("root/srv/site/index.html", "<h1>Hello</h1>\n");

    const saved = await savedFiles([
        {
            tags: ["shop:1.4"],
            layers: [{ "bin/": {}, "bin/shop": { mode: 0o755, content: readFileSync(project.path("bin/app")) } }],
            config: { Entrypoint: ["/bin/shop"], Env: ["PORT=8000", "LOG_LEVEL=shop"] },
        },
    ]);
    project.write("shop.tar", "");
    execFileSync("tee", [project.path("shop.tar")], {
        input: await tarOf(saved),
        stdio: ["pipe", "ignore", "inherit"],
    });

    project.write("ready/usr/lib/os-release", "ID=small\nVERSION_ID=1\n");
    for (const empty of ["etc/machine-id", "etc/resolv.conf"]) project.write(`ready/${empty}`, "");
    for (const mountPoint of ["dev", "proc", "sys", "run", "tmp", "var/tmp"])
        mkdirSync(project.path(`ready/${mountPoint}`), { recursive: true });
    project.write("ready/usr/bin/report", "", 0o755);
    copyFileSync(project.path("bin/app"), project.path("ready/usr/bin/report"));
    project.write(
        "ready/usr/lib/systemd/system/report.service",
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/report check\n\n[Install]\nWantedBy=multi-user.target\n",
    );
    mkdirSync(project.path("dist"));
    execFileSync("mksquashfs", [
        project.path("ready"),
        join(project.path("dist"), "report.raw"),
        ...["-all-root", "-noappend", "-quiet", "-no-progress"],
    ]);
}

followGuides("sources of images", { prepare: makeSources }, (scene) => {
    const page = async (port: number) => (await scene.host.http(port, "/")).body;

    test(
        "the program of every page is deployed and answers",
        async () => {
            scene.project.program(...SOURCES);
            const { stdout, summary } = await scene.stack.up();
            // A row keeps the last status message, which mustn't be that the resource waits.
            const rows = stdout.match(/PortableImage +\S+ +created .*/g) ?? [];
            expect(rows).toHaveLength(SOURCES.length);
            for (const row of rows) expect(row).toMatch(/created \(\S+\) +(\S+\.raw is on the host|warning: )/);
            expect(summary).toEqual({ create: 1 + 2 * SOURCES.length });
            expect(await page(8080)).toBe("Hello from Node.js!\n");
            expect(await page(8081)).toBe("Hello from Python: 1,234,567\n");
            expect(await page(8088)).toBe("<h1>Hello</h1>\n");
            expect(await page(8000)).toBe("ok  shop \n");
            expect(await onHost(scene.host, "bash -c 'cat </dev/tcp/127.0.0.1/8090'")).toBe("Hello");
            expect(await onHost(scene.host, "systemctl is-active report.service clock.timer")).toBe("active\nactive");
        },
        RUN_TIMEOUT_MS,
    );

    test("the timer's program runs", async () => {
        await onHost(scene.host, "systemctl start clock.service");
        const lines = await eventually(
            () => journal(scene.host, "clock"),
            (lines) => lines.some((line) => /\d\d:\d\d:\d\d/.test(line)),
        );
        expect(lines.join("\n")).toMatch(/\d\d:\d\d:\d\d .*20\d\d/);
    });

    test(
        "another up finds no change",
        async () => {
            expect((await scene.stack.preview()).summary).toEqual({ same: 1 + 2 * SOURCES.length });
        },
        RUN_TIMEOUT_MS,
    );
});
