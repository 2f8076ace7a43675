import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type BuildArgs, buildImage } from "../../../provider/image/image";
import type { Source } from "../../../provider/image/sources/source";
import { Store } from "../../../provider/image/store/store";
import { Asset } from "../../../provider/schema/values";
import { suites } from "../../hosts";
import { bootedHost } from "../../hosts/booted";
import { run, soon } from "../on-host";
import { workspace } from "../workspace";

const hello = {
    asset: new Asset({ path: path.resolve(__dirname, "../../../examples/hello/bin/hello") }),
    mode: "0755",
};

function build(files: NonNullable<Source["files"]>, args: Partial<BuildArgs> & { name: string }) {
    return buildImage({ files }, { version: "1", programDirectory: __dirname, ...args }, new Store(workspace()));
}

describe.each(suites)("on Debian %s", (suite) => {
    const host = bootedHost({ suite });

    test.each(["squashfs", "erofs"] as const)("a service of an image in the format %s runs", async (format) => {
        const unit = {
            name: "hello.service",
            text: "[Service]\nType=oneshot\nExecStart=-/usr/bin/hello --reload\nRemainAfterExit=yes\n",
        };
        const tree = { "/usr/bin/hello": hello, "/srv/su": { content: "su", mode: "4755" } };
        const image = await build({ units: [unit], tree }, { name: "hello", format });
        const running = await run(host, image, { name: "hello" });
        expect(await soon(() => running.journal())).toContain("hello: /run/hello/control");
        const output = await host.exec(
            "mkdir -p /tmp/m && mount -o loop,ro /var/lib/portables/hello_1.raw /tmp/m && findmnt -no FSTYPE /tmp/m && stat -c '%a %u %Y' /tmp/m/srv/su; umount /tmp/m; rmdir /tmp/m",
        );
        expect(output.stdout).toBe(`${format}\n4755 0 0\n`);
        await running.detach();
    });

    test("an extension whose file name has a version is merged with the image that it extends", async () => {
        const base = await build(
            {
                units: [{ name: "hello.service", text: "[Service]\nExecStart=/usr/bin/hello\n" }],
                tree: { "/usr/bin/hello": hello },
            },
            { name: "hello" },
        );
        const unit = {
            name: "hello-more.service",
            text: "[Service]\nType=oneshot\nExecStart=-/usr/bin/hello --reload\nReadOnlyPaths=/usr/share/more/file\nRemainAfterExit=yes\n",
        };
        const more = await build(
            { units: [unit], tree: { "/usr/share/more/file": { content: "more" } } },
            { name: "more", extends: "hello" },
        );
        const [first, second] = [
            "/var/lib/portables/hello_1-aaaaaaaaaaaa.raw",
            "/var/lib/portables/more_1-bbbbbbbbbbbb.raw",
        ];
        for (const [image, to] of [
            [base, first],
            [more, second],
        ] as const) {
            expect(readFileSync(image.file).length).toBe(image.sizeBytes);
            execFileSync("scp", ["-q", "-F", host.sshConfigPath, image.file, `root@${host.name}:${to}`]);
        }
        const output = await host.exec(`
            portablectl attach --extension=${second} ${first} hello >&2 && systemctl daemon-reload
            systemctl start hello-more.service && systemctl show -p ActiveState --value hello-more.service
            systemctl stop hello-more.service
            portablectl detach --extension=${second} ${first} hello >&2; systemctl daemon-reload; rm ${first} ${second}`);
        expect(output.stdout).toBe("active\n");
    });
});
