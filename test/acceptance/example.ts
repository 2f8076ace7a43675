import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import type { Engine, OperationOptions, Result } from "../engine/engine";
import type { TestHost } from "../hosts";

const root = join(__dirname, "../..");

/** Timeout of a test with operations of an engine. */
export const RUN_TIMEOUT_MS = 300_000;

/** Copies an example without its build results. */
export function copyExample(name: string, directory: string): void {
    cpSync(join(root, "examples", name), directory, {
        recursive: true,
        filter: (source) => !/\/(bin|node_modules|\.cache)$/.test(source),
    });
}

/** Runs `npm pack`, and `npm install` of the archive and the example's dependencies. */
export function installFromArchive(directory: string): void {
    const work = mkdtempSync(join(tmpdir(), "portable-archive-"));
    try {
        const npm = (cwd: string, ...args: string[]) =>
            execFileSync("npm", [...args, "--silent", "--no-audit", "--no-fund"], { cwd, encoding: "utf8" });
        execFileSync(process.execPath, [join(root, "scripts/package.mjs"), join(work, "package")]);
        const archive = npm(work, "pack", "./package").trim();
        npm(directory, "install", "--prefer-offline", join(work, archive));
    } finally {
        rmSync(work, { recursive: true });
    }
}

/** Copies the packed npm package and links other packages from the repository, which takes a second. */
export function installPackages(directory: string): void {
    const modules = join(directory, "node_modules");
    mkdirSync(modules);
    for (const module of readdirSync(join(root, "node_modules"))) {
        if (!module.startsWith(".") && module !== "pulumi-portable")
            symlinkSync(join(root, "node_modules", module), join(modules, module));
    }
    execFileSync(process.execPath, [join(root, "scripts/package.mjs"), join(modules, "pulumi-portable")]);
}

/** The project of a user, in a directory outside of the repository. */
export class UserProject {
    readonly directory = mkdtempSync(join(tmpdir(), "portable-example-"));

    constructor(readonly name: string) {}

    path(name: string): string {
        return join(this.directory, name);
    }

    read(name: string): string {
        return readFileSync(this.path(name), "utf8");
    }

    /** Writes a file and makes its parent directories. */
    write(name: string, text: string, mode = 0o644): void {
        mkdirSync(dirname(this.path(name)), { recursive: true });
        writeFileSync(this.path(name), text, { mode });
    }

    /** Replaces text in a file; throws if there is nothing to replace. */
    edit(name: string, from: string | RegExp, to: string): void {
        const before = this.read(name);
        const after = before.replace(from, to);
        if (after === before) throw new Error(`${name} has no ${from}`);
        this.write(name, after);
    }

    /** Writes the user's ssh_config with the hosts' names in the project; returns its path. */
    sshConfig(hosts: Record<string, TestHost>): string {
        const blocks = Object.entries(hosts).map(
            ([name, host]) => `Host ${name}
    HostName ${host.address}
    User root
    IdentityFile ${host.privateKeyPath}
    IdentitiesOnly yes
    UserKnownHostsFile ${host.knownHostsPath}
    StrictHostKeyChecking yes
`,
        );
        const file = this.path("ssh_config");
        writeFileSync(file, blocks.join("\n"));
        return file;
    }

    remove(): void {
        rmSync(this.directory, { recursive: true });
    }
}

/**
 * An example as a user has it: a copy outside of the repository that uses nothing of it but the packed npm package. Other
 * npm packages are those installed in the repository.
 */
export class Example extends UserProject {
    constructor(name: string, install: (directory: string) => void = installPackages) {
        super(name);
        try {
            copyExample(name, this.directory);
            install(this.directory);
        } catch (error) {
            this.remove();
            throw error;
        }
    }

    /** Runs `npm run build` with further environment variables. */
    build(environment: Record<string, string> = {}): void {
        execFileSync("npm", ["run", "--silent", "build"], {
            cwd: this.directory,
            env: { ...process.env, ...environment },
        });
    }
}

/** A stack of a project on one engine. */
export class Stack {
    private readonly env: Record<string, string>;
    private secretConfig: Record<string, string> = {};

    constructor(
        private readonly engine: Engine,
        private readonly example: UserProject,
        hosts: Record<string, TestHost>,
        readonly name = "dev",
    ) {
        // Checking types would take half of the time of a run; types.test.ts does it once for each example.
        this.env = { PORTABLE_SSH_CONFIG: example.sshConfig(hosts), PULUMI_NODEJS_TRANSPILE_ONLY: "true" };
    }

    /** Does what `pulumi config set KEY VALUE` does, or `pulumi config rm KEY` if the value is undefined. */
    configure(config: Record<string, string | undefined>): void {
        const file = `Pulumi.${this.name}.yaml`;
        let settings: { config?: Record<string, string | undefined> } = {};
        try {
            settings = parse(this.example.read(file));
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        }
        const prefixed = Object.entries(config).map(([key, value]) => [`${this.example.name}:${key}`, value]);
        settings.config = { ...settings.config, ...Object.fromEntries(prefixed) };
        this.example.write(file, stringify(settings));
    }

    /** Does what `pulumi config set --secret KEY` does. Must be called before the first operation. */
    configureSecrets(secretConfig: Record<string, string>): void {
        this.secretConfig = secretConfig;
    }

    preview(options?: OperationOptions): Promise<Result> {
        return this.run("preview", options);
    }

    up(options?: OperationOptions): Promise<Result> {
        return this.run("up", options);
    }

    refresh(): Promise<Result> {
        return this.run("refresh");
    }

    destroy(): Promise<Result> {
        return this.run("destroy");
    }

    /** Runs an operation that must fail. */
    async failing(operation: "preview" | "up"): Promise<Result> {
        const result = await this.engine[operation](this.project);
        if (result.code === 0) throw new Error(`${operation} of ${this.example.name} succeeded:\n${result.stdout}`);
        return result;
    }

    /** Removes the engine's files of the stack. */
    async forget(): Promise<void> {
        await this.engine.forget(this.project);
    }

    get project() {
        return {
            directory: this.example.directory,
            stack: this.name,
            secretConfig: this.secretConfig,
            env: this.env,
        };
    }

    private async run(operation: "preview" | "up" | "refresh" | "destroy", options?: OperationOptions) {
        const result = await this.engine[operation](this.project, options);
        if (result.code !== 0) throw new Error(`${operation} of ${this.example.name} failed:\n${result.stdout}`);
        return result;
    }
}
