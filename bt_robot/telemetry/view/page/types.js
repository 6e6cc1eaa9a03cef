/**
 * What travels between the server and the page, version 1 of the protocol. Only types: nothing is imported at run time.
 *
 * @typedef {"IDLE"|"RUNNING"|"SUCCESS"|"FAILURE"} Status
 *
 * @typedef {object} NodeInfo What does not change about a node.
 * @property {string} path
 * @property {string} type
 * @property {string} name
 * @property {number} depth
 * @property {number} parent -1 for the root
 * @property {string} kind
 * @property {string} prompt
 * @property {string} detail
 * @property {number} end the index after the last node below it
 *
 * @typedef {object} NodeState How a node stands.
 * @property {Status} status
 * @property {boolean} ticked
 * @property {string} reason
 * @property {number} since_s
 * @property {number|null} age_s
 * @property {number|null} confidence
 * @property {number|null} cause the index of the node below it whose reason explains its failure
 *
 * @typedef {object} Hello
 * @property {number} version
 * @property {string} title
 * @property {boolean} live
 * @property {Control} control
 * @property {string[]} joints
 * @property {(number|null)[]} lower
 * @property {(number|null)[]} upper
 * @property {(number|null)[]} velocity
 * @property {number} control_hz
 * @property {string[]} cameras
 * @property {[number, number]} range_s
 * @property {Mode} mode
 * @property {string} note what a person should know about this view; may be empty
 * @property {Ending|null} ending
 *
 * @typedef {object} Ending How the run ended.
 * @property {string} status
 * @property {string} reason
 * @property {string} path the node that explains it; may be empty
 *
 * @typedef {"none"|"free"|"yours"|"taken"} Control
 * @typedef {"running"|"held"|"stepping"|"ended"} Mode
 *
 * @typedef {object} Link
 * @property {boolean} available
 * @property {string} reason
 * @property {boolean} in_flight
 * @property {number|null} latency_s
 * @property {number|null} retry_in_s
 * @property {number} requests
 * @property {number} replies
 * @property {number} errors
 * @property {number} reconnects
 * @property {number} dropped
 * @property {string} url
 *
 * @typedef {object} Health
 * @property {string} stopped
 * @property {string[]} doubts
 * @property {string} strain
 * @property {string[]} notes
 *
 * @typedef {object} Tick What is shown of one tick.
 * @property {number} step
 * @property {number} t
 * @property {Status} status
 * @property {(number|null)[]} measured
 * @property {(number|null)[]} commanded
 * @property {boolean} held
 * @property {string[]} clamped
 * @property {string} refused
 * @property {string} prompt
 * @property {string} skill
 * @property {number|null} chunk_age
 * @property {number} planned
 * @property {boolean} stalled
 * @property {number} lateness_s
 * @property {number} skipped
 * @property {Link} [link]
 * @property {Health} [health]
 *
 * @typedef {object} Chunk
 * @property {number} t when it arrived
 * @property {number} observed_t
 * @property {string} prompt
 * @property {number} latency_s
 * @property {"accepted"|"late"|"rejected"} outcome
 * @property {number} skipped
 * @property {number[][]} actions
 * @property {boolean} [incremental]
 *
 * @typedef {object} Lane
 * @property {string} path
 * @property {string} [name]
 * @property {number} [depth]
 * @property {[number, number, Status][]} spans
 *
 * @typedef {object} Series A window of the joints' course, a row per joint.
 * @property {number[]} t
 * @property {(number|null)[][]} measured
 * @property {(number|null)[][]} commanded
 * @property {(number|null)[]} chunk_age
 * @property {boolean[]} [held] whether the arm held
 * @property {[number, number][]} latency
 *
 * @typedef {object} Question
 * @property {string} id
 * @property {string} path
 * @property {string} text
 */
export {};
