import type { TestHost } from "../hosts";
import { type Deployment, fileAsset, type Json } from "../lifecycle/deployment";
import { atRest, connectionTo, type HelloProgram, image, inlineName, onHost } from "../lifecycle/hello";
import type { Provider } from "../lifecycle/provider";

export type Version = "one" | "two";
export const other = (version: Version): Version => (version === "one" ? "two" : "one");

/** Prints what shows which version a host has: files, links, states of units, and the image of the running process. */
const PRINT_STATE = `
places="etc/systemd/system etc/systemd/system.attached run/systemd/system.attached etc/portables run/portables etc/hello var/lib/pulumi-portable var/lib/portables"
cd /
find $places -printf '%y %m %u:%g %p %l\\n' 2>/dev/null | grep -v '^d .* etc/systemd/system ' | sort
find $places -type f ! -path '*/pulumi-portable/*' -exec sha256sum {} + 2>/dev/null | sort -k 2
for record in var/lib/pulumi-portable/files/*; do sort "$record" | sed 's|^|in var/lib/pulumi-portable/files: |'; done
grep -h '^serving' var/lib/pulumi-portable/services/hello
for unit in hello.service hello.socket hello-tick.timer hello-tick.service hello-tock.timer hello-tock.service; do
    systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,RootImage,Environment,DropInPaths,NeedDaemonReload $unit
done
echo "runs $(cat /proc/$(systemctl show -p MainPID --value hello.service)/root/usr/share/mark)"
systemctl list-units --plain --no-legend 'pulumi-portable*'
systemctl list-units --failed --plain --no-legend 'hello*'
`;

/**
 * A service in two versions that differ in everything that a switch changes: image, units (each has one that the other
 * lacks), drop-ins, host files (one changed, one added, one removed) and enablement.
 */
export class TwoVersions {
    service: Deployment;
    private readonly images = {} as Record<Version, string>;
    private readonly stateOf = {} as Record<Version, string>;

    private constructor(
        readonly program: HelloProgram,
        readonly host: TestHost,
        readonly connection: Json,
        provider: Provider,
    ) {
        this.service = provider.resource("AttachedService", "hello");
    }

    /** Deploys both versions and records the state of the host with each; version one is running at the end. */
    static async deploy(
        program: HelloProgram,
        provider: Provider,
        host: TestHost,
        user: "root" | "deploy" = "root",
    ): Promise<TwoVersions> {
        for (const name of ["tick", "tock"]) {
            program.write(`units/hello-${name}.timer`, "[Timer]\nOnActiveSec=1d\n[Install]\nWantedBy=timers.target\n");
            program.write(`units/hello-${name}.service`, "[Service]\nType=oneshot\nExecStart=@helloExe@ --reload\n");
        }
        const made = new TwoVersions(program, host, { ...connectionTo(host), user }, provider);
        const pointer = provider.resource("PortableImage", "hello");
        for (const version of ["one", "two"] as const) {
            await pointer.up(made.imageOf(version));
            made.images[version] = pointer.outputs.path as string;
        }
        for (const version of ["two", "one"] as const) {
            await made.update(version);
            made.stateOf[version] = await made.inspect();
        }
        return made;
    }

    inputs(version: Version): Json {
        const isOne = version === "one";
        return {
            image: this.images[version],
            dropIns: [
                inlineName(version),
                { unit: "hello.service", name: `60-${version}.conf`, sections: { Service: { Nice: isOne ? 1 : 2 } } },
            ],
            files: {
                "/etc/hello/key": { content: version, mode: isOne ? "0640" : "0600", owner: isOne ? "deploy" : "root" },
                [`/etc/hello/${version}/only`]: { content: version },
            },
            units: { "hello.service": { enable: isOne } },
            connection: this.connection,
        };
    }

    /** Deploys the version, and waits for what the host still does after the operation has reported success. */
    async update(version: Version): Promise<void> {
        await this.service.up(this.inputs(version));
        await atRest(this.host, "");
    }

    /** Deploys the version with a health check that always fails, so that it is rolled back. */
    async updateThatFails(version: Version): Promise<void> {
        const health = { http: { port: 8080, body: "in no page" }, timeoutSeconds: 1 };
        await this.service.up({ ...this.inputs(version), health });
    }

    /** Goes on with another provider process and the same state, after the first process was killed. */
    takenOverBy(provider: Provider): void {
        this.service = provider.takeOver(this.service);
    }

    /**
     * The version that the host has, if every file and state matches; else the differences from the version that is
     * nearer. `withRecords: false` ignores the provider's records, which an interrupted update leaves to the next one.
     */
    async found({ withRecords = true } = {}): Promise<Version | string> {
        const lines = (text: string) =>
            new Set(
                text
                    .split("\n")
                    .filter(
                        (line) => withRecords || !/ (var\/lib|etc\/systemd\/system\/?.*)\/pulumi-portable/.test(line),
                    ),
            );
        const found = lines(await this.inspect());
        const differences = (["one", "two"] as const).map((version) => {
            const wanted = lines(this.stateOf[version]);
            return [
                ...[...wanted].filter((line) => !found.has(line)).map((line) => `- ${line}`),
                ...[...found].filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
            ];
        });
        const [one, two] = differences as [string[], string[]];
        if (one.length === 0) return "one";
        if (two.length === 0) return "two";
        return one.length < two.length ? `not version one: ${one.join("\n")}` : `not version two: ${two.join("\n")}`;
    }

    /** The version that is running according to the state. */
    get stated(): Version | undefined {
        const { serving } = this.service.outputs;
        return serving === this.images.one ? "one" : serving === this.images.two ? "two" : undefined;
    }

    /** The page that the service answers with, or the error of the request. */
    async page(): Promise<string> {
        return this.host.http(8080, "/").then(
            ({ body }) => body.trim(),
            (error: Error) => error.message,
        );
    }

    /** Waits until none of the provider's operations runs on the host. */
    async settled(): Promise<void> {
        // The watch unit takes the lock shortly after the program releases it: so the lock must stay free for a while.
        await onHost(
            this.host,
            "free=0; while [ $free -lt 3 ]; do sleep 0.1; if flock -n /var/lib/private true; then free=$((free + 1)); else free=0; fi; done",
        );
    }

    private inspect(): Promise<string> {
        return onHost(this.host, PRINT_STATE);
    }

    private imageOf(version: Version): Json {
        const made = image(this.connection, { version, mark: version });
        const own = version === "one" ? "tick" : "tock";
        const { files } = made.source as { files: { units: string[]; tree: Json } };
        files.units.push(`units/hello-${own}.timer`, `units/hello-${own}.service`);
        files.tree["/usr/bin/hello"] = { asset: fileAsset("bin/hello"), mode: "0755" };
        return { ...made, connection: this.connection };
    }
}
