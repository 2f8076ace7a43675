import type { Path } from "../../../schema/values";
import { localFile } from "../../tree/local-files";
import { join } from "../../tree/paths";
import { RootFiles } from "../../tree/root-files";
import type { Tree } from "../../tree/tree";
import type { Problems } from "../problems";

/** Bundles of all CA certificates: on Debian, Alpine and Arch; on Fedora and RHEL; on SUSE. */
const BUNDLES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
];
const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
/** Paths at which the TLS libraries of these systems expect a bundle. */
const BUNDLE_LINKS = [
    "/etc/ssl/cert.pem",
    "/usr/lib/ssl/cert.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
];
const ZONES = "/usr/share/zoneinfo";
/** Copies of the time zones, without and with leap seconds, which are left out. */
const REPEATED_ZONES = ["/posix", "/right"];

/** Adds certificates and time zones, which programs expect on every system, from the first root that has them. */
export async function addCommonFiles(
    programRoots: readonly RootFiles[],
    tree: Tree,
    path: Path,
    problems: Problems,
): Promise<void> {
    const roots = programRoots.some(({ directory }) => directory === "/")
        ? programRoots
        : [...programRoots, new RootFiles("/")];
    if (!(await addBundle(roots, tree))) {
        problems.warn(path, {
            what: "Neither the system of the programs nor this machine has the certificates of public authorities, so the programs can't verify other servers",
            todo: "Install ca-certificates",
        });
    }
    await addZones(roots, tree);
}

async function addBundle(roots: readonly RootFiles[], tree: Tree): Promise<boolean> {
    if (tree.lookup(BUNDLE)?.entry !== undefined) return true;
    for (const root of roots) {
        for (const candidate of BUNDLES) {
            const found = await root.find(candidate);
            if (!found?.status.isFile() || found.status.size === 0) continue;
            tree.add(BUNDLE, await localFile(root.local(found.path), "/", 0o644));
            for (const link of BUNDLE_LINKS) {
                if (tree.lookup(link)?.entry === undefined) tree.add(link, { kind: "symlink", target: BUNDLE });
            }
            return true;
        }
    }
    return false;
}

async function addZones(roots: readonly RootFiles[], tree: Tree): Promise<void> {
    if (tree.lookup(ZONES)?.entry !== undefined) return;
    for (const root of roots) {
        if (!(await root.find(ZONES))?.status.isDirectory()) continue;
        await addDirectory(root, ZONES, tree);
        return;
    }
}

async function addDirectory(root: RootFiles, directory: string, tree: Tree): Promise<void> {
    for (const name of await root.names(directory)) {
        const child = join(directory, name);
        if (REPEATED_ZONES.includes(child.slice(ZONES.length))) continue;
        const found = await root.find(child);
        if (found?.status.isDirectory()) await addDirectory(root, child, tree);
        // Links among the zones become files, whose equal bytes are packed once.
        else if (found?.status.isFile()) tree.add(child, await localFile(root.local(found.path), "/", 0o644));
    }
}
