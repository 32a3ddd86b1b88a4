/** Makes ids that no other has, such as `run_V1StGXR8Z5jd`. */
export type MakeId = (prefix: string) => string;
