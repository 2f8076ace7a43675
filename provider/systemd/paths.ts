/** Paths on a host. */

/** Directory in which portabled finds images (org.freedesktop.portable1(5)); 0700 root. */
export const IMAGES_DIRECTORY = "/var/lib/portables";
/**
 * Directory of the provider's records: owners of images, services and files, and the last switch of each service. It is removed
 * with the last resource.
 */
export const RECORDS_DIRECTORY = "/var/lib/pulumi-portable";
/**
 * The directory that operations lock: systemd makes it at each boot, and only root can open it (file-hierarchy(7),
 * tmpfiles.d(5)).
 */
export const LOCK_DIRECTORY = "/var/lib/private";
/** Directory of administrators' units and drop-ins (systemd.unit(5)). */
export const UNITS_DIRECTORY = "/etc/systemd/system";
/**
 * Directories to which portabled copies attached units (portablectl(1)); the second with --runtime, until the next
 * boot.
 */
export const ATTACHED_DIRECTORIES = ["/etc/systemd/system.attached", "/run/systemd/system.attached"];
/** Directories of units that systemd reads before those of attached units, in their order (systemd.unit(5)). */
export const DIRECTORIES_BEFORE_ATTACHED = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    UNITS_DIRECTORY,
];
/** Directories of profiles: a profile NAME is NAME/service.conf in one of these (portablectl(1), "Profiles"). */
export const PROFILE_DIRECTORIES = [
    "/etc/systemd/portable/profile",
    "/run/systemd/portable/profile",
    "/usr/local/lib/systemd/portable/profile",
    "/usr/lib/systemd/portable/profile",
];

/** `hello_1.0-0123456789ab.raw`: portabled takes the part before the first `_` for the image's name. */
export function imageFileName(name: string, version: string, digest: string): string {
    return `${name}_${version}-${digest.slice(0, 12)}.raw`;
}

export function imagePath(fileName: string): string {
    return `${IMAGES_DIRECTORY}/${fileName}`;
}

/** `hello` of `/var/lib/portables/hello_1.0-0123456789ab.raw`: the prefix of its units. */
export function imageName(path: string): string {
    return (path.split("/").pop() ?? "").replace(/\.raw$/, "").replace(/_.*$/, "");
}

/** `/etc/systemd/system/hello.service.d/override.conf` */
export function dropInPath(unit: string, name: string): string {
    return `${UNITS_DIRECTORY}/${unit}.d/${name}`;
}

/** `hello.service` of `/etc/systemd/system/hello.service.d/override.conf`, or of `hello.service.d/override.conf`. */
export function unitOfDropIn(path: string): string {
    return (path.split("/").at(-2) ?? "").replace(/\.d$/, "");
}

export function isDropInPath(path: string): boolean {
    return path.startsWith(`${UNITS_DIRECTORY}/`) && path.endsWith(".conf");
}
