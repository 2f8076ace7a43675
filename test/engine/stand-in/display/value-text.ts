import { UNKNOWN_STRINGS } from "../../../../provider/protocol/wire";
import { isArchive, isAsset, isObject, isSecret, type Value } from "../values";

/** A value as Pulumi prints it, on one or several lines; those after the first are indented. Secrets are masked. */
export function valueText(value: Value | undefined, indent = 0): string {
    if (isSecret(value)) return "[secret]";
    if (typeof value === "string") return UNKNOWN_STRINGS.has(value) ? "[unknown]" : stringText(value, indent);
    if (isAsset(value) || isArchive(value)) return assetText(value);
    if (Array.isArray(value)) {
        const items = value.map((item, index) => `[${index}]: ${valueText(item, indent + 4)}`);
        return enclosed("[", items, "]", indent);
    }
    if (isObject(value)) {
        const width = keyWidth(Object.keys(value));
        const items = Object.entries(value).map(
            ([key, item]) => `${keyText(key).padEnd(width)}: ${valueText(item, indent + 4)}`,
        );
        return enclosed("{", items, "}", indent);
    }
    return value === null || value === undefined ? "<null>" : String(value);
}

export const keyText = (key: string) => (/^[\w.-]+$/.test(key) ? key : JSON.stringify(key));
export const keyWidth = (keys: string[]) => Math.max(0, ...keys.map((key) => keyText(key).length));

export function assetText(asset: { [key: string]: Value }): string {
    const kind = isArchive(asset) ? "archive" : "asset";
    const hash = String(asset.hash ?? "").slice(0, 7);
    if (asset.path) return `${kind}(file:${hash}) { ${asset.path} }`;
    return asset.text === undefined ? `${kind}(${hash})` : `${kind}(text:${hash}) ${stringText(String(asset.text), 0)}`;
}

function stringText(text: string, indent: number): string {
    if (!text.includes("\n")) return JSON.stringify(text);
    const pad = " ".repeat(indent + 4);
    const lines = text.replace(/\n$/, "").split("\n");
    return ["|", ...lines.map((line) => `${pad}${line}`.trimEnd())].join("\n");
}

function enclosed(open: string, items: string[], close: string, indent: number): string {
    if (items.length === 0) return `${open}${close}`;
    const pad = " ".repeat(indent + 4);
    return [open, ...items.map((item) => `${pad}${item}`), `${" ".repeat(indent)}${close}`].join("\n");
}
