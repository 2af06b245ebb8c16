// The kinds of authorization that requests can be sent with, and what each needs to know.

export interface AuthField {
  name: string;
  label: string;
  secret?: boolean;
  initial?: string;
  choices?: { value: string; label: string }[];
}

export interface AuthType {
  type: string;
  label: string;
  note?: string;
  fields: AuthField[];
}

export const AUTHS: readonly AuthType[] = [
  { type: "noauth", label: "None", fields: [] },
  {
    type: "basic",
    label: "Basic",
    fields: [
      { name: "username", label: "User name", initial: "" },
      { name: "password", label: "Password", secret: true, initial: "" },
    ],
  },
  { type: "bearer", label: "Bearer token", fields: [{ name: "token", label: "Token", secret: true, initial: "" }] },
  {
    type: "apikey",
    label: "API key",
    fields: [
      { name: "key", label: "Name", initial: "" },
      { name: "value", label: "Value", secret: true, initial: "" },
      { name: "in", label: "Sent as", initial: "header", choices: [{ value: "header", label: "Header" }, { value: "query", label: "Parameter of the URL" }] },
    ],
  },
  {
    type: "digest",
    label: "Digest",
    fields: [
      { name: "username", label: "User name", initial: "" },
      { name: "password", label: "Password", secret: true, initial: "" },
    ],
  },
  {
    type: "oauth2",
    label: "OAuth 2.0, client credentials",
    note: "The token is fetched by the server, anew for every send.",
    fields: [
      { name: "grant_type", label: "Grant", initial: "client_credentials", choices: [{ value: "client_credentials", label: "Client credentials" }] },
      { name: "accessTokenUrl", label: "Token URL", initial: "" },
      { name: "clientId", label: "Client id", initial: "" },
      { name: "clientSecret", label: "Client secret", secret: true, initial: "" },
      { name: "scope", label: "Scope", initial: "" },
      { name: "client_authentication", label: "Client credentials go", initial: "header", choices: [{ value: "header", label: "As a header" }, { value: "body", label: "In the body" }] },
      { name: "addTokenTo", label: "The token goes", initial: "header", choices: [{ value: "header", label: "As a header" }, { value: "queryParams", label: "Into the URL" }] },
    ],
  },
  {
    type: "awsv4",
    label: "AWS signature, version 4",
    fields: [
      { name: "accessKey", label: "Access key", initial: "" },
      { name: "secretKey", label: "Secret key", secret: true, initial: "" },
      { name: "region", label: "Region", initial: "us-east-1" },
      { name: "service", label: "Service", initial: "" },
      { name: "sessionToken", label: "Session token", secret: true },
    ],
  },
];
