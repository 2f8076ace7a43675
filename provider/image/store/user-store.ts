import { limitsOf } from "./limits";
import { Store } from "./store";

const stores = new Map<string, Store>();

/**
 * The store that the environment of this process names, for every program of the user: the one place of image/ that
 * reads its variables. There is one per directory, so that concurrent builds of a process find each other.
 */
export function userStore(): Store {
    const directory = Store.directoryOf(process.env);
    const store = stores.get(directory) ?? new Store(directory, limitsOf(process.env));
    stores.set(directory, store);
    return store;
}
