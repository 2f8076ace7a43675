import { environment } from "../../environment";
import { limitsOf } from "./limits";
import { Store } from "./store";

const stores = new Map<string, Store>();

/**
 * The store that the environment of this process names, for every program of the user. There is one per directory, so
 * that concurrent builds of a process find each other.
 */
export function userStore(): Store {
    const directory = Store.directoryOf(environment());
    const store = stores.get(directory) ?? new Store(directory, limitsOf(environment()));
    stores.set(directory, store);
    return store;
}
