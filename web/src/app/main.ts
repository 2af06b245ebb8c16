import { mount } from "svelte";
import "./style/tokens.css";
import "./style/base.css";
import { openAhead } from "./ahead";
import App from "./App.svelte";
import { router } from "./router.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("The page has no element for the app.");
void openAhead(router.route).finally(() => mount(App, { target }));
