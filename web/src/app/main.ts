import { mount } from "svelte";
import "./style/tokens.css";
import "./style/base.css";
import App from "./App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("The page has no element for the app.");
mount(App, { target });
