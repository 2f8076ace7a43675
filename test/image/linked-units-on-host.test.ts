import { execFileSync } from "node:child_process";
import path from "node:path";
import { buildImage } from "../../provider/image/image";
import { Store } from "../../provider/image/store/store";
import { bootHost, type TestHost } from "../hosts";
import { sourceOf, UNITS } from "./checks/os-tree";
import { workspace } from "./workspace";

const SERVICE = "[Service]\nType=oneshot\nExecStart=/usr/bin/hello\n";
const RAW = "/var/lib/portables/hello_1.raw";

describe.each(["bookworm", "trixie"] as const)("units that are links, on Debian %s", (suite) => {
    let host: TestHost;
    beforeAll(async () => {
        host = await bootHost({ suite });
    }, 300_000);
    afterAll(() => host?.down());

    /** Texts of the units that portabled attached, by name. */
    async function attached(image: string): Promise<Record<string, string>> {
        execFileSync("scp", ["-q", "-F", host.sshConfigPath, image, `root@${host.name}:${RAW}`]);
        const { stdout, code, stderr } = await host.exec(`
            portablectl attach ${RAW} >&2 || exit
            for unit in /etc/systemd/system.attached/hello*.*; do
                [ -f "$unit" ] && echo "\${unit##*/} $(base64 -w0 < "$unit")"
            done
            portablectl detach ${RAW} >&2; rm -f ${RAW}`);
        if (code !== 0) throw new Error(stderr);
        const lines = stdout
            .trim()
            .split("\n")
            .map((line) => line.split(" ") as [string, string]);
        return Object.fromEntries(lines.map(([name, text]) => [name, Buffer.from(text, "base64").toString()]));
    }

    test("links into the image are attached with the texts of the preview", async () => {
        const { programDirectory, source } = await sourceOf("directory", {
            "/usr/lib/hello/hello.service": SERVICE,
            [`${UNITS}/hello.service`]: "-> ../../hello/hello.service",
            [`${UNITS}/hello-www.service`]: "-> hello.service",
        });
        const args = { name: "hello", version: "1", programDirectory };
        const { file, unitTexts } = await buildImage(source, args, new Store(workspace()));
        const texts = await attached(file);
        expect(Object.keys(texts).sort()).toEqual(Object.keys(unitTexts).sort());
        for (const [name, text] of Object.entries(unitTexts)) expect(texts[name]).toContain(text.trim());
    });

    test("portabled reads an absolute link from the host, which is why it is refused", async () => {
        const { programDirectory } = await sourceOf("directory", {
            [`${UNITS}/hello-side.service`]: "-> /etc/secret.conf",
        });
        const image = path.join(programDirectory, "image.raw");
        execFileSync("mksquashfs", [path.join(programDirectory, "os"), image, "-all-root", "-quiet", "-no-progress"]);
        await host.exec(`printf '[Service]\nExecStart=/bin/true\n# of the host\n' > /etc/secret.conf`);
        expect((await attached(image))["hello-side.service"]).toContain("# of the host");
        await host.exec("rm /etc/secret.conf");
    });
});
