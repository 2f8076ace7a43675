// Installs the SDK for Java into the local Maven repository: for programs of users as long as no registry has it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeMavenProject } from "./release/packages.mjs";

const root = new URL("..", import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
const directory = mkdtempSync(join(tmpdir(), "portable-java-"));
try {
    writeMavenProject(root, directory, version);
    execFileSync("mvn", ["--batch-mode", "--quiet", "-DskipTests", "install"], { cwd: directory, stdio: "inherit" });
    console.log(`io.github.pulumiportable:portable:${version} is in the local Maven repository.`);
} finally {
    rmSync(directory, { recursive: true });
}
