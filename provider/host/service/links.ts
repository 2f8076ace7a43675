import { ATTACHED_DIRECTORIES, UNITS_DIRECTORY } from "../../systemd/paths";
import { instanceOf, isTemplate } from "../../systemd/unit-names";

/** Directories in which `systemctl enable` makes links, without and with `--runtime`. */
export const LINK_DIRECTORIES = [UNITS_DIRECTORY, "/run/systemd/system"] as const;

/** A link that enables a unit. */
export interface UnitLink {
    /** Absolute path. */
    path: string;
    /** Path in the directory of units: `multi-user.target.wants/hello.service`, or `www.service` for an alias. */
    name: string;
    /** The unit that it enables. */
    unit: string;
    /** Whether it is below /run, so that it exists until the next boot. */
    isRuntime: boolean;
}

/** Parses lines `PATH TARGET` of symbolic links in directories of units. */
export function parseLinks(text: string): UnitLink[] {
    return text.split("\n").flatMap((line) => {
        const [path = "", target = "", ...rest] = line.split(" ");
        const directory = [...LINK_DIRECTORIES, ...ATTACHED_DIRECTORIES].find((linkDirectory) =>
            path.startsWith(`${linkDirectory}/`),
        );
        if (directory === undefined || rest.length > 0) return [];
        const name = path.slice(directory.length + 1);
        const unit = linkedUnit(name, target);
        return unit === undefined ? [] : [{ path, name, unit, isRuntime: directory.startsWith("/run/") }];
    });
}

function linkedUnit(name: string, target: string): string | undefined {
    const [, wanted] = /^[^/]+\.(?:wants|requires|upholds)\/([^/]+)$/.exec(name) ?? [];
    if (wanted !== undefined || name.includes("/")) return wanted;
    const unit = target.slice(target.lastIndexOf("/") + 1);
    if (unit === name || !unit.includes(".")) return undefined;
    const instance = instanceOf(name);
    return isTemplate(unit) && instance !== undefined ? unit.replace("@.", `@${instance}.`) : unit;
}
