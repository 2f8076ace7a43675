import { readFileSync } from "node:fs";
import path from "node:path";
import { buildImage } from "../../provider/image/image";
import { Store } from "../../provider/image/store/store";
import { Asset } from "../../provider/schema/values";
import { suites } from "../hosts";
import { bootedHost } from "../hosts/booted";
import { workspace } from "./workspace";

/** Settings that need files of the image. Without them the service fails with status 226 or 200 before it runs its program. */
const SETTINGS = {
    state: "StateDirectory=hello hello/a\nCacheDirectory=hello-c\nLogsDirectory=hello-l\nConfigurationDirectory=hello-conf",
    runtime: "RuntimeDirectory=hello-r",
    bind: "BindReadOnlyPaths=/etc/hosts /etc/host.conf /srv/data:/data /srv/a.txt:/b.txt -/nonexistent/x",
    own: "BindReadOnlyPaths=/etc/hello",
    access: "ReadWritePaths=/srv/w -/srv/optional\nReadOnlyPaths=/etc/machine-id",
    hide: "InaccessiblePaths=/srv/hidden\nTemporaryFileSystem=/srv/tmpfs:ro",
    cwd: "WorkingDirectory=/srv/app",
    api: "BindPaths=/srv/data:/run/hello-data /srv/data:/tmp/data /srv/data:/dev/data",
};
const EXIT_OF_HELLO = "1"; // no socket was passed to it

describe.each(suites)("on Debian %s", (suite) => {
    const host = bootedHost({ suite });

    test("portablectl attaches the image, and every service starts its program", async () => {
        const units = Object.entries(SETTINGS).map(([name, settings]) => ({
            name: `hello-${name}.service`,
            text: `[Service]\nType=oneshot\nExecStart=/usr/bin/hello --reload\n${settings}\n`,
        }));
        const hello = path.resolve(__dirname, "../../examples/hello/bin/hello");
        const tree = { "/usr/bin/hello": { asset: new Asset({ path: hello }), mode: "0755" } };
        const { file } = await buildImage(
            { files: { units, tree } },
            { name: "hello", version: "1", programDirectory: __dirname },
            new Store(workspace()),
        );

        const raw = "/var/lib/portables/hello_1.raw";
        const put = await host.exec(`base64 -d > ${raw}`, { input: readFileSync(file).toString("base64") });
        expect(put).toMatchObject({ code: 0 });
        const inspected = await host.exec(`portablectl inspect ${raw}`);
        expect(inspected.stdout).toContain("hello 1\n");

        const { stdout } = await host.exec(`
            mkdir -p /srv/data /etc/hello && echo x > /srv/a.txt
            portablectl attach ${raw} >&2 && systemctl daemon-reload
            for unit in ${units.map(({ name }) => name).join(" ")}; do
                systemctl start $unit >&2
                echo $unit $(systemctl show -p ExecMainStatus --value $unit)
            done
            systemctl clean --what=all hello-state.service hello-runtime.service >&2
            portablectl detach ${raw} >&2; rm -rf ${raw} /srv/data /etc/hello /srv/a.txt`);
        expect(stdout.trim().split("\n")).toEqual(units.map(({ name }) => `${name} ${EXIT_OF_HELLO}`));
    });
});
