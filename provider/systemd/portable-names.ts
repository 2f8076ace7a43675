/**
 * Rules for the names that portablectl and systemd accept (portablectl(1), systemd.unit(5), "Portable Services
 * Introduction").
 */

/** What is wrong with a name, and what to do. */
export interface NameProblem {
    what: string;
    todo?: string;
}

/** The kinds of unit that portablectl attaches. */
const UNIT_SUFFIXES = [".service", ".socket", ".target", ".timer", ".path"];
/** NAME_MAX less the added parts: `_`, `-`, 12 digits of the digest, `.raw`, and a suffix during the upload. */
const FILE_NAME_ROOM = 200;

/** Why an image can't have the name; `undefined` if it can. */
export function nameProblem(name: string): NameProblem | undefined {
    if (name.includes("_")) {
        return {
            what: `Image name '${name}' can't hold an underscore: portablectl takes what stands before the first one as the prefix of the units`,
            todo: "Use a dash",
        };
    }
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(name)) {
        return {
            what: `Image name '${name}' can't be the prefix of units: use letters, digits, dashes and dots, and start with a letter or digit`,
        };
    }
    return undefined;
}

/** Why an instance can't have the name; `undefined` if it can. */
export function instanceProblem(instance: string): NameProblem | undefined {
    return /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(instance)
        ? undefined
        : {
              what: `Instance '${instance}' can't be the end of an image's name: use letters, digits and dashes, and start with a letter or digit`,
          };
}

/** Why an image can't have the version; `undefined` if it can. */
export function versionProblem(version: string): NameProblem | undefined {
    return /^[A-Za-z0-9][A-Za-z0-9.+~^_-]*$/.test(version)
        ? undefined
        : {
              what: `Version '${version}' can't be part of a file name: use letters, digits and . + ~ ^ _ -, and start with a letter or digit`,
          };
}

/** Why name and version together can't be a file name; `undefined` if they can. */
export function fileNameProblem(name: string, version: string): NameProblem | undefined {
    const length = name.length + version.length;
    return length > FILE_NAME_ROOM
        ? {
              what: `Name and version have ${length} characters together, and only ${FILE_NAME_ROOM} fit in a file name`,
              todo: "Shorten them",
          }
        : undefined;
}

/** Why portablectl wouldn't attach the unit; `undefined` if it would. */
export function unitNameProblem(unit: string, prefix: string | undefined): NameProblem | undefined {
    const dot = unit.lastIndexOf(".");
    const suffix = dot < 0 ? "" : unit.slice(dot);
    if (!UNIT_SUFFIXES.includes(suffix)) {
        return {
            what: `'${unit}' is not a unit that portablectl attaches: the name must end in one of ${UNIT_SUFFIXES.join(", ")}`,
        };
    }
    if (unit.length > 255 || !/^[A-Za-z0-9:_.\\-][A-Za-z0-9:_.\\@-]*$/.test(unit.slice(0, dot))) {
        return {
            what: `'${unit}' is not a name that systemd takes for a unit`,
            todo: "Use letters, digits and : - _ . \\ @",
        };
    }
    if (prefix === undefined || (unit.startsWith(prefix) && /^[-.@]/.test(unit.slice(prefix.length)))) return undefined;
    return {
        what: `Unit '${unit}' doesn't belong to image '${prefix}': portablectl attaches ${prefix}${suffix}, ${prefix}-*${suffix}, ${prefix}.*${suffix} and ${prefix}@*${suffix} only`,
        todo: `Rename the unit, or set the image's \`name\``,
    };
}
