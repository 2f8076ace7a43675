/** The text of each preset's drop-in, which is read after the profile (10-profile.conf) and before the user's drop-ins. */
const PRESETS = {
    // Node.js, Java and .NET make machine code at run time.
    jit: "[Service]\nMemoryDenyWriteExecute=no\n",
} as const;

export type Preset = keyof typeof PRESETS;

const PRESETS_FILE = "15-presets.conf";

/** The drop-in of a unit's presets, if it has any. */
export function presetDropIns(unit: string, presets: readonly Preset[] = []) {
    if (presets.length === 0) return [];
    return [{ unit, name: PRESETS_FILE, text: presets.map((preset) => PRESETS[preset]).join("") }];
}
