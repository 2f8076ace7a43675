import { parseUnit, type UnitFile } from "../../systemd/unit-file";
import { mountPoints } from "../../systemd/unit-paths";
import type { Tree } from "../tree/tree";

/** A unit of the image that portablectl attaches. */
export interface ImageUnit {
    /** Name: `hello.service` */
    name: string;
    parsed: UnitFile;
}

/** The image to check. */
export interface ImageFacts {
    /** The image's name: the prefix of its units. */
    name: string;
    tree: Tree;
    units: readonly ImageUnit[];
}

export function imageFacts(name: string, tree: Tree, unitTexts: Readonly<Record<string, string>>): ImageFacts {
    const units = Object.entries(unitTexts).map(([unit, text]) => ({ name: unit, parsed: parseUnit(text) }));
    return { name, tree, units: units.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

export function services({ units }: ImageFacts): ImageUnit[] {
    return units.filter(({ name }) => name.endsWith(".service"));
}

/** Paths that are mounted over the image in a service. */
export function mountedOver({ name, parsed }: ImageUnit): string[] {
    return mountPoints(parsed, name)
        .filter(({ mounted }) => mounted)
        .map(({ path }) => path);
}
