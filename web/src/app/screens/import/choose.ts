// Asks for files to import, from any screen: the frame has what takes them, and tells what became of them on every screen.

import { createContext } from "svelte";

export const [chooser, setChooser] = createContext<() => void>();
