import { parse } from "yaml";
import { RUN_TIMEOUT_MS, Stack } from "../../acceptance/example";
import { onHost } from "../../acceptance/on-every-engine";
import { standIn } from "../../engine/stand-in-engine";
import { bootHost, type TestHost } from "../../hosts";
import { samplesOf } from "../samples";
import { followGuides } from "./follow-guides";
import { GuideProject } from "./guide-project";
import { ENVIRONMENTS, FLEET, PREPARED } from "./parts";

const names = ["web1", "web2", "web3", "web4"];

followGuides("many hosts and waves", { hosts: names }, (scene) => {
    const pages = () => Promise.all(scene.hosts.map(async (host) => (await host.http(8080, "/")).body));
    const attached = () =>
        Promise.all(scene.hosts.map((host) => onHost(host, "readlink /etc/portables/web_* | sed 's|.*/||; s|-.*||'")));
    const services = (steps: { urn: string; op: string }[]) =>
        steps.flatMap(({ urn }) => (urn.includes("AttachedService") ? [urn.split("::").at(-1)] : []));

    test(
        "the canary is updated first, then the batches",
        async () => {
            scene.project.makeTree("image", "web");
            scene.project.program(FLEET);
            const { steps, summary } = await scene.stack.up();
            expect(summary).toEqual({ create: 10 });
            expect(await pages()).toEqual(Array(4).fill("Hello, world!\n"));
            const [canary, ...others] = services(steps);
            expect([canary, others.slice(0, 2).sort(), others.slice(2)]).toEqual([
                "web-web1",
                ["web-web2", "web-web3"],
                ["web-web4"],
            ]);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "the preview of a release shows the first host completely, and others by a digest, as on the page",
        async () => {
            const [file = ""] = scene.project.programFiles;
            scene.project.edit(file, 'version: "1.0"', 'version: "1.1"');
            const { stdout } = await scene.stack.preview({ diff: true });
            expect(stdout).toMatch(/~ version *: "1\.0" => "1\.1"/);
            expect(stdout.match(/~ sameAs *: "web-web1 [0-9a-f]{8}" => "web-web1 [0-9a-f]{8}"/g)?.length).toBe(6);
            await scene.stack.up();
            expect(await attached()).toEqual(Array(4).fill("web_1.1"));
            scene.project.edit(file, 'version: "1.1"', 'version: "1.0"');
        },
        RUN_TIMEOUT_MS,
    );
});

followGuides("environments", { hosts: ["staging1", "prod1", "prod2"] }, (scene) => {
    const [, prod1, prod2] = [0, 1, 2].map((index) => () => scene.hosts[index] as TestHost) as [
        () => TestHost,
        () => TestHost,
        () => TestHost,
    ];
    const images = (host: TestHost) => onHost(host, "ls /var/lib/portables | sed 's|-.*||'");

    test(
        "each environment is a stack with the page's files; a version is promoted from staging to production by its setting",
        async () => {
            scene.project.makeTree("image", "app");
            scene.project.program(ENVIRONMENTS);
            for (const { language, text } of samplesOf(`docs/guides/${ENVIRONMENTS}.md`)) {
                const [, file] = /^# (Pulumi\.\w+\.yaml)\n/.exec(text) ?? [];
                if (language === "yaml" && file !== undefined) scene.project.write(file, text);
            }
            // The program has the host, the stack's connection the user.
            expect(parse(scene.project.read("Pulumi.prod.yaml")).config["portable:connection"]).toEqual({
                user: "deploy",
            });
            await scene.stackNamed("staging").up();
            await scene.stackNamed("prod").up();
            expect(await Promise.all(scene.hosts.map(images))).toEqual(["app_1.1", "app_1.0", "app_1.0"]);
            scene.stackNamed("prod").configure({ version: "1.1" });
            await scene.stackNamed("prod").up();
            expect(await images(prod1())).toBe("app_1.0\napp_1.1");
            const logins = await onHost(prod2(), "journalctl --sync; journalctl -q -b -o cat -t sshd -t sshd-session");
            expect(logins).toMatch(/Accepted publickey for deploy /);
        },
        RUN_TIMEOUT_MS,
    );
});

test(
    "prepare a server: the page's commands create a user who can deploy; getHost reports the host's properties",
    async () => {
        const host = await bootHost();
        const project = new GuideProject();
        try {
            const script = samplesOf(`docs/guides/${PREPARED}.md`).find(({ text }) => text.includes("useradd"))?.text;
            // The host has these packages already, and can't reach a mirror.
            const [packages = ""] = script?.match(/(?<=apt-get install --yes ).*/) ?? [];
            const installed = await onHost(host, `dpkg-query -W -f '\${Status}\n' ${packages} | sort -u`);
            expect(installed).toBe("install ok installed");
            // The test host already has a user `deploy`, so the page's user gets another name.
            const commands = (script ?? "").replaceAll("deploy", "deployer").replace(/^apt-get.*$/gm, "");
            await onHost(
                host,
                "install -D -m 600 /etc/ssh/authorized_keys /root/.ssh/authorized_keys; mv /etc/ssh/authorized_keys /root",
            );
            await onHost(host, `set -e\n${commands}`);

            project.program(PREPARED);
            const stack = new Stack(standIn(), project, { web1: host });
            project.edit("ssh_config", "User root", "User deployer");
            const { outputs } = await stack.up();
            expect(outputs).toEqual({ systemd: 252, profiles: ["default", "nonetwork", "strict", "trusted"] });
        } finally {
            project.remove();
            await host.exec(
                "mv /root/authorized_keys /etc/ssh; rm -r /root/.ssh /etc/sudoers.d/deployer; userdel --remove deployer",
            );
            await host.down();
        }
    },
    RUN_TIMEOUT_MS,
);
