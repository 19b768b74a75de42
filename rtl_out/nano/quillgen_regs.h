/* Registers, error codes and job descriptor of a quillgen accelerator. The same for every configuration:
   what differs is read from the CAP registers. Byte offsets; fields as _SHIFT and _MASK (in place). */
#ifndef QUILLGEN_REGS_H
#define QUILLGEN_REGS_H

#define QUILLGEN_ID                                       0x000u       /* RO: identification, "QUIL" */
#define QUILLGEN_VERSION                                  0x004u       /* RO: version of this interface */
#define QUILLGEN_CAP_DIMS                                 0x008u       /* RO: dimensions of the layer */
#define QUILLGEN_CAP_DIMS_EMBED_DIM_SHIFT                 0            /* C */
#define QUILLGEN_CAP_DIMS_EMBED_DIM_MASK                  0x0000FFFFu
#define QUILLGEN_CAP_DIMS_HEADS_SHIFT                     16           /* M */
#define QUILLGEN_CAP_DIMS_HEADS_MASK                      0x00FF0000u
#define QUILLGEN_CAP_DIMS_LEVELS_SHIFT                    24           /* L */
#define QUILLGEN_CAP_DIMS_LEVELS_MASK                     0x0F000000u
#define QUILLGEN_CAP_DIMS_POINTS_SHIFT                    28           /* K */
#define QUILLGEN_CAP_DIMS_POINTS_MASK                     0xF0000000u
#define QUILLGEN_CAP_SHAPE                                0x00Cu       /* RO: largest level, pixels */
#define QUILLGEN_CAP_SHAPE_MAX_WIDTH_SHIFT                0            /* widest */
#define QUILLGEN_CAP_SHAPE_MAX_WIDTH_MASK                 0x0000FFFFu
#define QUILLGEN_CAP_SHAPE_MAX_HEIGHT_SHIFT               16           /* tallest */
#define QUILLGEN_CAP_SHAPE_MAX_HEIGHT_MASK                0xFFFF0000u
#define QUILLGEN_CAP_QUERIES                              0x010u       /* RO: most queries of a job */
#define QUILLGEN_CAP_QUERIES_MAX_QUERIES_SHIFT            0            /* queries, or rows of a dense job */
#define QUILLGEN_CAP_QUERIES_MAX_QUERIES_MASK             0xFFFFFFFFu
#define QUILLGEN_CAP_MEMORY                               0x014u       /* RO: the memory port */
#define QUILLGEN_CAP_MEMORY_DATA_BITS_SHIFT               0            /* width of the data */
#define QUILLGEN_CAP_MEMORY_DATA_BITS_MASK                0x0000FFFFu
#define QUILLGEN_CAP_MEMORY_ADDRESS_BITS_SHIFT            16           /* width of an address */
#define QUILLGEN_CAP_MEMORY_ADDRESS_BITS_MASK             0x00FF0000u
#define QUILLGEN_CAP_FORMAT_0                             0x018u       /* RO: bit widths */
#define QUILLGEN_CAP_FORMAT_0_QUERY_SHIFT                 0            /* query */
#define QUILLGEN_CAP_FORMAT_0_QUERY_MASK                  0x0000001Fu
#define QUILLGEN_CAP_FORMAT_0_QUERY_WEIGHT_SHIFT          5            /* offset and logit weights */
#define QUILLGEN_CAP_FORMAT_0_QUERY_WEIGHT_MASK           0x000003E0u
#define QUILLGEN_CAP_FORMAT_0_FEATURE_SHIFT               10           /* value map */
#define QUILLGEN_CAP_FORMAT_0_FEATURE_MASK                0x00007C00u
#define QUILLGEN_CAP_FORMAT_0_FEATURE_WEIGHT_SHIFT        15           /* value projection weights */
#define QUILLGEN_CAP_FORMAT_0_FEATURE_WEIGHT_MASK         0x000F8000u
#define QUILLGEN_CAP_FORMAT_0_HEAD_SHIFT                  20           /* head vectors */
#define QUILLGEN_CAP_FORMAT_0_HEAD_MASK                   0x01F00000u
#define QUILLGEN_CAP_FORMAT_0_OUTPUT_WEIGHT_SHIFT         25           /* W'' */
#define QUILLGEN_CAP_FORMAT_0_OUTPUT_WEIGHT_MASK          0x3E000000u
#define QUILLGEN_CAP_FORMAT_1                             0x01Cu       /* RO: bit widths */
#define QUILLGEN_CAP_FORMAT_1_OUTPUT_SHIFT                0            /* output */
#define QUILLGEN_CAP_FORMAT_1_OUTPUT_MASK                 0x0000001Fu
#define QUILLGEN_CAP_FORMAT_1_OFFSET_INT_SHIFT            5            /* offset, integer bits with sign */
#define QUILLGEN_CAP_FORMAT_1_OFFSET_INT_MASK             0x000003E0u
#define QUILLGEN_CAP_FORMAT_1_OFFSET_FRAC_SHIFT           10           /* offset, fraction bits */
#define QUILLGEN_CAP_FORMAT_1_OFFSET_FRAC_MASK            0x00007C00u
#define QUILLGEN_CAP_FORMAT_1_INTERP_FRAC_SHIFT           15           /* interpolation, fraction bits */
#define QUILLGEN_CAP_FORMAT_1_INTERP_FRAC_MASK            0x000F8000u
#define QUILLGEN_CAP_FORMAT_1_LOGIT_INT_SHIFT             20           /* logit, integer bits with sign */
#define QUILLGEN_CAP_FORMAT_1_LOGIT_INT_MASK              0x01F00000u
#define QUILLGEN_CAP_FORMAT_1_LOGIT_FRAC_SHIFT            25           /* logit, fraction bits */
#define QUILLGEN_CAP_FORMAT_1_LOGIT_FRAC_MASK             0x3E000000u
#define QUILLGEN_CAP_FORMAT_2                             0x020u       /* RO: bit widths */
#define QUILLGEN_CAP_FORMAT_2_ATTENTION_SHIFT             0            /* attention weight, fraction bits */
#define QUILLGEN_CAP_FORMAT_2_ATTENTION_MASK              0x0000001Fu
#define QUILLGEN_CAP_FORMAT_2_CORNER_SHIFT                5            /* corner weight, fraction bits */
#define QUILLGEN_CAP_FORMAT_2_CORNER_MASK                 0x000003E0u
#define QUILLGEN_CAP_ARRAY                                0x024u       /* RO: arrays, for packing the parameter image */
#define QUILLGEN_CAP_ARRAY_ROWS_SHIFT                     0            /* queries of a group */
#define QUILLGEN_CAP_ARRAY_ROWS_MASK                      0x000000FFu
#define QUILLGEN_CAP_ARRAY_COLUMNS_SHIFT                  8            /* columns of the PE array */
#define QUILLGEN_CAP_ARRAY_COLUMNS_MASK                   0x0000FF00u
#define QUILLGEN_CAP_ARRAY_DEPTH_SHIFT                    16           /* products a PE sums in a cycle */
#define QUILLGEN_CAP_ARRAY_DEPTH_MASK                     0x00FF0000u
#define QUILLGEN_CAP_ARRAY_PROJECTION_COLUMNS_SHIFT       24           /* columns of W'' a cycle, of a lane */
#define QUILLGEN_CAP_ARRAY_PROJECTION_COLUMNS_MASK        0xFF000000u
#define QUILLGEN_CAP_CORE                                 0x028u       /* RO: lanes, for packing the parameter image, and what they can leave out */
#define QUILLGEN_CAP_CORE_HEAD_LANES_SHIFT                0            /* lanes that share the heads */
#define QUILLGEN_CAP_CORE_HEAD_LANES_MASK                 0x0000001Fu
#define QUILLGEN_CAP_CORE_LEVEL_LANES_SHIFT               5            /* lanes of each of them that share the levels, minus 1 */
#define QUILLGEN_CAP_CORE_LEVEL_LANES_MASK                0x000000E0u
#define QUILLGEN_CAP_CORE_POINTS_SHIFT                    8            /* 1: jobs can drop points of small weight */
#define QUILLGEN_CAP_CORE_POINTS_MASK                     0x00000100u
#define QUILLGEN_CAP_CORE_ANCHORS_SHIFT                   9            /* references of a query on each level, minus 1 */
#define QUILLGEN_CAP_CORE_ANCHORS_MASK                    0x00000E00u
#define QUILLGEN_CAP_CORE_POINTS_PER_CYCLE_SHIFT          12           /* weights that a lane then finds in a cycle; 0 without points */
#define QUILLGEN_CAP_CORE_POINTS_PER_CYCLE_MASK           0x00007000u
#define QUILLGEN_CAP_CORE_LEVEL_POINTS_SHIFT              15           /* 1: levels have different numbers of points, points being the largest */
#define QUILLGEN_CAP_CORE_LEVEL_POINTS_MASK               0x00008000u
#define QUILLGEN_CAP_CORE_MAX_RANGE_SHIFT                 16           /* largest range of a job, pixels; 0: jobs have none */
#define QUILLGEN_CAP_CORE_MAX_RANGE_MASK                  0x07FF0000u
#define QUILLGEN_CAP_CORE_COUNT_BITS_SHIFT                27           /* bits of a count of reads of a pixel; 0: jobs count none */
#define QUILLGEN_CAP_CORE_COUNT_BITS_MASK                 0xF8000000u
#define QUILLGEN_CAP_DENSE                                0x02Cu       /* RO: limits of a dense job */
#define QUILLGEN_CAP_DENSE_MAX_INNER_SHIFT                0            /* longest row, elements */
#define QUILLGEN_CAP_DENSE_MAX_INNER_MASK                 0x0000FFFFu
#define QUILLGEN_CAP_DENSE_PANEL_SHIFT                    16           /* most outputs of a panel */
#define QUILLGEN_CAP_DENSE_PANEL_MASK                     0xFFFF0000u
#define QUILLGEN_DESC_LO                                  0x030u       /* RW: descriptor address, low half */
#define QUILLGEN_DESC_HI                                  0x034u       /* RW: descriptor address, high half */
#define QUILLGEN_START                                    0x038u       /* WO: queues a job */
#define QUILLGEN_START_START_SHIFT                        0            /* 1: queue the job at DESC */
#define QUILLGEN_START_START_MASK                         0x00000001u
#define QUILLGEN_CONTROL                                  0x03Cu       /* WO: stops jobs */
#define QUILLGEN_CONTROL_ABORT_SHIFT                      0            /* 1: stop the job in work; queued ones stay */
#define QUILLGEN_CONTROL_ABORT_MASK                       0x00000001u
#define QUILLGEN_CONTROL_SOFT_RESET_SHIFT                 1            /* 1: stop the job in work without a report, drop the queue, and reset all registers */
#define QUILLGEN_CONTROL_SOFT_RESET_MASK                  0x00000002u
#define QUILLGEN_CONTROL_RESUME_SHIFT                     2            /* 1: a program that waits for the host goes on with its next job */
#define QUILLGEN_CONTROL_RESUME_MASK                      0x00000004u
#define QUILLGEN_STATUS                                   0x040u       /* RO: state of the accelerator; done and failed speak of the last job, until the next one begins */
#define QUILLGEN_STATUS_BUSY_SHIFT                        0            /* a job is in work */
#define QUILLGEN_STATUS_BUSY_MASK                         0x00000001u
#define QUILLGEN_STATUS_DONE_SHIFT                        1            /* the last job has ended */
#define QUILLGEN_STATUS_DONE_MASK                         0x00000002u
#define QUILLGEN_STATUS_FAILED_SHIFT                      2            /* the last job ended with an error */
#define QUILLGEN_STATUS_FAILED_MASK                       0x00000004u
#define QUILLGEN_STATUS_QUARANTINED_SHIFT                 3            /* a time-out left responses open: no job is taken until all have come */
#define QUILLGEN_STATUS_QUARANTINED_MASK                  0x00000008u
#define QUILLGEN_STATUS_QUEUE_FULL_SHIFT                  4            /* START would be refused */
#define QUILLGEN_STATUS_QUEUE_FULL_MASK                   0x00000010u
#define QUILLGEN_STATUS_QUEUE_EMPTY_SHIFT                 5            /* no job waits */
#define QUILLGEN_STATUS_QUEUE_EMPTY_MASK                  0x00000020u
#define QUILLGEN_STATUS_WAITING_SHIFT                     6            /* a program waits for the host, behind the job of JOB_ID */
#define QUILLGEN_STATUS_WAITING_MASK                      0x00000040u
#define QUILLGEN_ERROR                                    0x044u       /* RO: how the last job ended, a code of the table below */
#define QUILLGEN_ERROR_DETAIL                             0x048u       /* RO: more about the error, see the table below */
#define QUILLGEN_JOB_ID                                   0x04Cu       /* RO: job ID of the descriptor of the last or current job */
#define QUILLGEN_TIMEOUT                                  0x050u       /* RW: cycles in which the memory port waits and nothing moves before the job is given up; 0: for ever */
#define QUILLGEN_INT_STATE                                0x054u       /* W1C: interrupt state */
#define QUILLGEN_INT_STATE_DONE_SHIFT                     0            /* a job ended without an error */
#define QUILLGEN_INT_STATE_DONE_MASK                      0x00000001u
#define QUILLGEN_INT_STATE_FAILED_SHIFT                   1            /* a job ended with an error; while it is set, no queued job begins */
#define QUILLGEN_INT_STATE_FAILED_MASK                    0x00000002u
#define QUILLGEN_INT_STATE_REFUSED_SHIFT                  2            /* START was written with the queue full or the port quarantined */
#define QUILLGEN_INT_STATE_REFUSED_MASK                   0x00000004u
#define QUILLGEN_INT_STATE_STEP_SHIFT                     3            /* a program waits for the host (CONTROL.resume); only with an epilogue */
#define QUILLGEN_INT_STATE_STEP_MASK                      0x00000008u
#define QUILLGEN_INT_ENABLE                               0x058u       /* RW: bits of INT_STATE that raise irq */
#define QUILLGEN_INT_ENABLE_DONE_SHIFT                    0            /* a job ended without an error */
#define QUILLGEN_INT_ENABLE_DONE_MASK                     0x00000001u
#define QUILLGEN_INT_ENABLE_FAILED_SHIFT                  1            /* a job ended with an error; while it is set, no queued job begins */
#define QUILLGEN_INT_ENABLE_FAILED_MASK                   0x00000002u
#define QUILLGEN_INT_ENABLE_REFUSED_SHIFT                 2            /* START was written with the queue full or the port quarantined */
#define QUILLGEN_INT_ENABLE_REFUSED_MASK                  0x00000004u
#define QUILLGEN_INT_ENABLE_STEP_SHIFT                    3            /* a program waits for the host (CONTROL.resume); only with an epilogue */
#define QUILLGEN_INT_ENABLE_STEP_MASK                     0x00000008u
#define QUILLGEN_INT_TEST                                 0x05Cu       /* WO: writing 1 sets the bit of INT_STATE */
#define QUILLGEN_INT_TEST_DONE_SHIFT                      0            /* a job ended without an error */
#define QUILLGEN_INT_TEST_DONE_MASK                       0x00000001u
#define QUILLGEN_INT_TEST_FAILED_SHIFT                    1            /* a job ended with an error; while it is set, no queued job begins */
#define QUILLGEN_INT_TEST_FAILED_MASK                     0x00000002u
#define QUILLGEN_INT_TEST_REFUSED_SHIFT                   2            /* START was written with the queue full or the port quarantined */
#define QUILLGEN_INT_TEST_REFUSED_MASK                    0x00000004u
#define QUILLGEN_INT_TEST_STEP_SHIFT                      3            /* a program waits for the host (CONTROL.resume); only with an epilogue */
#define QUILLGEN_INT_TEST_STEP_MASK                       0x00000008u
#define QUILLGEN_SNAPSHOT                                 0x060u       /* WO: any write copies all counters at once; the end of a job does too */
#define QUILLGEN_CAP_TOKENS                               0x064u       /* RO: most tokens of a job */
#define QUILLGEN_CAP_TOKENS_MAX_TOKENS_SHIFT              0            /* tokens */
#define QUILLGEN_CAP_TOKENS_MAX_TOKENS_MASK               0xFFFFFFFFu
#define QUILLGEN_CAP_WEIGHTS                              0x068u       /* RO: words of a weight memory, one for each column of the array */
#define QUILLGEN_CAP_WEIGHTS_WORDS_SHIFT                  0            /* depth weights each */
#define QUILLGEN_CAP_WEIGHTS_WORDS_MASK                   0xFFFFFFFFu
#define QUILLGEN_CAP_NETWORK                              0x06Cu       /* RO: what there is for whole networks */
#define QUILLGEN_CAP_NETWORK_STREAM_SHIFT                 0            /* bits of a row of the stream */
#define QUILLGEN_CAP_NETWORK_STREAM_MASK                  0x0000001Fu
#define QUILLGEN_CAP_NETWORK_EPILOGUE_SHIFT               5            /* 1: operands, residual, norm */
#define QUILLGEN_CAP_NETWORK_EPILOGUE_MASK                0x00000020u
#define QUILLGEN_CAP_NETWORK_ACTIVATIONS_SHIFT            6            /* of dense jobs beside ReLU: bit 0 GELU, 1 SiLU, 2 sigmoid */
#define QUILLGEN_CAP_NETWORK_ACTIVATIONS_MASK             0x000001C0u
#define QUILLGEN_CAP_NETWORK_SELF_ATTENTION_SHIFT         16           /* most rows of self-attention; 0: there is none */
#define QUILLGEN_CAP_NETWORK_SELF_ATTENTION_MASK          0x07FF0000u
#define QUILLGEN_COUNT_CYCLES                             0x080u       /* RO: cycles from the begin of the job to its end; times the lanes, the sum of the next eight */
#define QUILLGEN_COUNT_SETUP                              0x084u       /* RO: cycles of lanes: descriptor and parameters were being loaded */
#define QUILLGEN_COUNT_PROJECT                            0x088u       /* RO: cycles of lanes: value map or a dense product was being computed */
#define QUILLGEN_COUNT_FILL                               0x08Cu       /* RO: cycles of lanes: before the first sample of any */
#define QUILLGEN_COUNT_SAMPLE                             0x090u       /* RO: cycles of lanes: the lane took a sample */
#define QUILLGEN_COUNT_WAIT_FEATURE                       0x094u       /* RO: cycles of lanes: the next sample missed pixels */
#define QUILLGEN_COUNT_WAIT_OUTPUT                        0x098u       /* RO: cycles of lanes: the lane was not ready */
#define QUILLGEN_COUNT_WAIT_POINT                         0x09Cu       /* RO: cycles of lanes: no sample was queued */
#define QUILLGEN_COUNT_DRAIN                              0x0A0u       /* RO: cycles of lanes: after the last sample of all */
#define QUILLGEN_COUNT_GEMM_BUSY                          0x0A4u       /* RO: cycles in which the PE array took a step; CYCLES is the sum of this and the next three */
#define QUILLGEN_COUNT_GEMM_ROWS                          0x0A8u       /* RO: cycles in which the array, between its first and last step, waited for rows or weights */
#define QUILLGEN_COUNT_GEMM_ROOM                          0x0ACu       /* RO: cycles between them in which it waited for room for its results */
#define QUILLGEN_COUNT_GEMM_IDLE                          0x0B0u       /* RO: cycles before its first step and after its last */
#define QUILLGEN_COUNT_GEMM_PROJECT                       0x0B4u       /* RO: steps of the array in cycles of PROJECT */
#define QUILLGEN_COUNT_WAIT_QUERY                         0x0B8u       /* RO: cycles of FILL or WAIT_POINT of a lane in which the array stood still and the next query was not known yet */
#define QUILLGEN_COUNT_SAMPLES                            0x0BCu       /* RO: samples taken, of all lanes */
#define QUILLGEN_COUNT_LINE_HITS                          0x0C0u       /* RO: line look-ups that found their line */
#define QUILLGEN_COUNT_LINE_MISSES                        0x0C4u       /* RO: line look-ups that did not */
#define QUILLGEN_COUNT_BYTES_JOB                          0x0C8u       /* RO: bytes read: descriptor and parameters */
#define QUILLGEN_COUNT_BYTES_QUERY                        0x0CCu       /* RO: bytes read: query rows, or rows of a dense job */
#define QUILLGEN_COUNT_BYTES_LIST                         0x0D0u       /* RO: bytes read: index list */
#define QUILLGEN_COUNT_BYTES_REFERENCE                    0x0D4u       /* RO: bytes read: references */
#define QUILLGEN_COUNT_BYTES_FEATURE                      0x0D8u       /* RO: bytes read: lines of the value map */
#define QUILLGEN_COUNT_BYTES_OUTPUT                       0x0DCu       /* RO: bytes written: output rows */
#define QUILLGEN_COUNT_BYTES_SOURCE                       0x0E0u       /* RO: bytes read: source rows */
#define QUILLGEN_COUNT_BYTES_VALUE                        0x0E4u       /* RO: bytes written: value map */

/* Values. */
#define QUILLGEN_ID_VALUE                                 0x5155494Cu
#define QUILLGEN_VERSION_VALUE                            7u         
#define QUILLGEN_QUEUED_JOBS                              2u           /* that wait behind the one in work */
#define QUILLGEN_COUNTERS                                 26u          /* from COUNT_CYCLES on, 4 bytes apart */

/* Codes of ERROR. */
#define QUILLGEN_ERROR_NONE_CODE                          0u           /* no error */
#define QUILLGEN_ERROR_DESCRIPTOR_CODE                    1u           /* wrong version, kind or flags of the descriptor */
#define QUILLGEN_ERROR_QUERIES_CODE                       2u           /* number of queries 0 or above the maximum */
#define QUILLGEN_ERROR_SHAPE_CODE                         3u           /* a level side 0 or above the maximum */
#define QUILLGEN_ERROR_ADDRESS_CODE                       4u           /* an address not aligned (64 bytes, the value map also to a line) or too large, or a stride not a multiple of a beat or shorter than a row */
#define QUILLGEN_ERROR_READ_CODE                          5u           /* a read was answered SLVERR or DECERR */
#define QUILLGEN_ERROR_WRITE_CODE                         6u           /* a write was answered SLVERR or DECERR */
#define QUILLGEN_ERROR_ABORTED_CODE                       7u           /* CONTROL.abort was written */
#define QUILLGEN_ERROR_TIMEOUT_CODE                       8u           /* the memory port stood still for TIMEOUT cycles */
#define QUILLGEN_ERROR_DENSE_CODE                         9u           /* inner or outputs 0, inner above CAP_DENSE, or tiles that are not those of the outputs or do not fit */
#define QUILLGEN_ERROR_TOKENS_CODE                        10u          /* more tokens than CAP_TOKENS */
#define QUILLGEN_ERROR_LIST_CODE                          11u          /* an entry of the index list that is not below the number of rows, or one that a job names twice which writes over what it reads */
#define QUILLGEN_ERROR_ORDER_CODE                         12u          /* flag order_kept, but no order of as many queries is held */
#define QUILLGEN_ERROR_PRUNING_CODE                       13u          /* a threshold above 2^attention_bits + 1, or a range above CAP_CORE.max_range */

/* For arrays: capabilities by offset, counters by register, error codes from 0 on. */
#define QUILLGEN_CAPABILITIES                             13u        
#define QUILLGEN_CAPABILITY_OFFSETS \
  QUILLGEN_CAP_DIMS, \
  QUILLGEN_CAP_SHAPE, \
  QUILLGEN_CAP_QUERIES, \
  QUILLGEN_CAP_MEMORY, \
  QUILLGEN_CAP_FORMAT_0, \
  QUILLGEN_CAP_FORMAT_1, \
  QUILLGEN_CAP_FORMAT_2, \
  QUILLGEN_CAP_ARRAY, \
  QUILLGEN_CAP_CORE, \
  QUILLGEN_CAP_DENSE, \
  QUILLGEN_CAP_TOKENS, \
  QUILLGEN_CAP_WEIGHTS, \
  QUILLGEN_CAP_NETWORK
#define QUILLGEN_COUNTER_NAMES \
  "cycles", \
  "setup", \
  "project", \
  "fill", \
  "sample", \
  "wait_feature", \
  "wait_output", \
  "wait_point", \
  "drain", \
  "gemm_busy", \
  "gemm_rows", \
  "gemm_room", \
  "gemm_idle", \
  "gemm_project", \
  "wait_query", \
  "samples", \
  "line_hits", \
  "line_misses", \
  "bytes_job", \
  "bytes_query", \
  "bytes_list", \
  "bytes_reference", \
  "bytes_feature", \
  "bytes_output", \
  "bytes_source", \
  "bytes_value"
#define QUILLGEN_ERRORS                                   14u        
#define QUILLGEN_ERROR_NAMES \
  "none", \
  "descriptor", \
  "queries", \
  "shape", \
  "address", \
  "read", \
  "write", \
  "aborted", \
  "timeout", \
  "dense", \
  "tokens", \
  "list", \
  "order", \
  "pruning"
#define QUILLGEN_ERROR_TEXTS \
  "no error", \
  "wrong version, kind or flags of the descriptor", \
  "number of queries 0 or above the maximum", \
  "a level side 0 or above the maximum", \
  "an address not aligned (64 bytes, the value map also to a line) or too large, or a stride not a multiple of a beat or shorter than a row", \
  "a read was answered SLVERR or DECERR", \
  "a write was answered SLVERR or DECERR", \
  "CONTROL.abort was written", \
  "the memory port stood still for TIMEOUT cycles", \
  "inner or outputs 0, inner above CAP_DENSE, or tiles that are not those of the outputs or do not fit", \
  "more tokens than CAP_TOKENS", \
  "an entry of the index list that is not below the number of rows, or one that a job names twice which writes over what it reads", \
  "flag order_kept, but no order of as many queries is held", \
  "a threshold above 2^attention_bits + 1, or a range above CAP_CORE.max_range"
#define QUILLGEN_ERROR_DETAILS \
  "0", \
  "word of the descriptor", \
  "word of the descriptor", \
  "word of the descriptor", \
  "word of the descriptor", \
  "read ID [3:0] and, of more than 16, [9:8], response [5:4]; [6]: of what was read ahead, for the job behind JOB_ID", \
  "response [5:4]", \
  "0", \
  "reads open [0], writes open [1]", \
  "word of the descriptor", \
  "word of the descriptor", \
  "0", \
  "word of the descriptor", \
  "word of the descriptor"

/* Job descriptor: 32-bit little-endian words. */
#define QUILLGEN_DESCRIPTOR_WORDS                         32u        
#define QUILLGEN_DESCRIPTOR_NETWORK_WORDS                 64u          /* if CAP_NETWORK.epilogue is 1, or CAP_CORE has prunings */
#define QUILLGEN_DESCRIPTOR_KIND_ATTENTION                0x00030001u  /* version 3, attention layer */
#define QUILLGEN_DESCRIPTOR_KIND_DENSE                    0x00030002u  /* version 3, dense layer */
#define QUILLGEN_DESCRIPTOR_KIND_SELF_ATTENTION           0x00030003u  /* version 3, self-attention */
#define QUILLGEN_DESCRIPTOR_FLAG_BOXES                    0x1u         /* references are boxes */
#define QUILLGEN_DESCRIPTOR_FLAG_MASKED                   0x2u         /* a mask of the tokens is given */
#define QUILLGEN_DESCRIPTOR_FLAG_MAP_GIVEN                0x4u         /* the value map is in memory */
#define QUILLGEN_DESCRIPTOR_FLAG_LISTED                   0x10u        /* an index list names the queries that are wanted */
#define QUILLGEN_DESCRIPTOR_FLAG_ORDER_KEPT               0x20u        /* references and list are those of the last job */
#define QUILLGEN_DESCRIPTOR_FLAG_RELU                     0x8u         /* negative outputs of a dense job become 0 */
#define QUILLGEN_DESCRIPTOR_FLAG_STREAM_QUERIES           0x40u        /* query rows, or those of a dense job, are of the stream */
#define QUILLGEN_DESCRIPTOR_FLAG_POSITION                 0x80u        /* position rows are added to them */
#define QUILLGEN_DESCRIPTOR_FLAG_STREAM_SOURCES           0x100u       /* source rows are of the stream */
#define QUILLGEN_DESCRIPTOR_FLAG_NORM                     0x200u       /* residual rows are added to the outputs, which are normalised */
#define QUILLGEN_DESCRIPTOR_FLAG_SCATTERED                0x400u       /* outputs of a dense job go where the index list says */
#define QUILLGEN_DESCRIPTOR_FLAG_HOST_STEP                0x800u       /* behind the job the program waits for the host */
#define QUILLGEN_DESCRIPTOR_FLAG_RANGED                   0x1000u      /* samples are held within ranges of their references */
#define QUILLGEN_DESCRIPTOR_WORD_KIND                     0u           /* version and kind */
#define QUILLGEN_DESCRIPTOR_WORD_FLAGS                    1u           /* bit 0: references are boxes; 1: a mask is given; 2: the value map is in memory and not computed; 4: an index list names the queries; 5: references and list are those of the last job, and so is the order; with an epilogue 6: query rows are of the stream; 7: positions are added to them; 8: source rows are of the stream; 9: residual rows are added to the outputs, which are normalised; 11: behind the job the program waits for the host; if CAP_CORE.max_range is not 0, 12: samples are held within ranges; other bits 0 */
#define QUILLGEN_DESCRIPTOR_WORD_JOB_ID                   2u           /* job ID, any number */
#define QUILLGEN_DESCRIPTOR_WORD_QUERIES                  3u           /* number of queries; with an index list, of its entries */
#define QUILLGEN_DESCRIPTOR_WORD_QUERY_ADDRESS            4u           /* address of the query rows, low and high half */
#define QUILLGEN_DESCRIPTOR_WORD_REFERENCE_ADDRESS        6u           /* address of the references */
#define QUILLGEN_DESCRIPTOR_WORD_VALUE_ADDRESS            8u           /* address of the value map, aligned to a line */
#define QUILLGEN_DESCRIPTOR_WORD_PARAMETER_ADDRESS        10u          /* address of the parameter image */
#define QUILLGEN_DESCRIPTOR_WORD_OUTPUT_ADDRESS           12u          /* address of the output rows */
#define QUILLGEN_DESCRIPTOR_WORD_QUERY_STRIDE             14u          /* bytes from one query row to the next */
#define QUILLGEN_DESCRIPTOR_WORD_OUTPUT_STRIDE            15u          /* bytes from one output row to the next */
#define QUILLGEN_DESCRIPTOR_WORD_LEVELS                   16u          /* a word a level; those beyond the levels of the layer 0 */
#define QUILLGEN_DESCRIPTOR_WIDTH_SHIFT                   0            /* pixels */
#define QUILLGEN_DESCRIPTOR_HEIGHT_SHIFT                  16           /* pixels */
#define QUILLGEN_DESCRIPTOR_WORD_SOURCE_ADDRESS           24u          /* address of the source rows */
#define QUILLGEN_DESCRIPTOR_WORD_MASK_ADDRESS             26u          /* address of the mask, a byte a token */
#define QUILLGEN_DESCRIPTOR_WORD_SOURCE_STRIDE            28u          /* bytes from one source row to the next */
#define QUILLGEN_DESCRIPTOR_WORD_ROWS                     29u          /* with an index list: rows of queries, references and outputs */
#define QUILLGEN_DESCRIPTOR_WORD_LIST_ADDRESS             30u          /* address of the index list, 32 bits an entry */
#define QUILLGEN_DESCRIPTOR_WORD_DENSE_SHAPE              16u          /* the matrix */
#define QUILLGEN_DESCRIPTOR_INNER_SHIFT                   0            /* elements of a row */
#define QUILLGEN_DESCRIPTOR_OUTPUTS_SHIFT                 16           /* elements of an output row */
#define QUILLGEN_DESCRIPTOR_WORD_DENSE_PANEL              17u          /* tiles of it: CAP_ARRAY.columns outputs each, the last one filled up (see Panels in integration.md) */
#define QUILLGEN_DESCRIPTOR_PANEL_TILES_SHIFT             0            /* of a panel; the last panel may have fewer */
#define QUILLGEN_DESCRIPTOR_TILES_SHIFT                   16           /* of all: ceil(outputs / columns) */
#define QUILLGEN_DESCRIPTOR_WORD_DENSE_RESERVED           18u          /* reserved, 0; with an index list words 29 to 31 as of an attention layer: rows, list_address */
#define QUILLGEN_DESCRIPTOR_WORD_POSITION_ADDRESS         32u          /* address of the rows that are added to the queries, or rows of a dense job; as far apart as these */
#define QUILLGEN_DESCRIPTOR_WORD_RESIDUAL_ADDRESS         34u          /* address of the residual rows, as far apart as the output rows; they may be the output rows */
#define QUILLGEN_DESCRIPTOR_WORD_EPSILON                  36u          /* epsilon of the norm, 1 to 2^50 (NUMERICS.md N14), low and high half */
#define QUILLGEN_DESCRIPTOR_WORD_QUERY_OPERAND            38u          /* operands of the queries, or of the rows of a dense job (N12) */
#define QUILLGEN_DESCRIPTOR_OPERAND_MULT_SHIFT            0            /* multiplier */
#define QUILLGEN_DESCRIPTOR_OPERAND_SHIFT_SHIFT           16           /* shift, 1 to 47 */
#define QUILLGEN_DESCRIPTOR_WORD_SOURCE_OPERAND           39u          /* operands of the sources, likewise */
#define QUILLGEN_DESCRIPTOR_WORD_EPILOGUE                 40u          /* what becomes of results */
#define QUILLGEN_DESCRIPTOR_RESULT_FORMAT_SHIFT           0            /* of a dense job without a norm: 0 numerics.output_bits, 1 operands (query_bits), 2 rows of the stream (stream_bits), 3 deltas of boxes (N17), which are added to residual logits; else 0 */
#define QUILLGEN_DESCRIPTOR_ACTIVATION_SHIFT              4            /* of a dense job without ReLU, norm or boxes, if CAP_NETWORK.activations has it: 1 GELU, 2 SiLU, 3 sigmoid (N15); else 0 */
#define QUILLGEN_DESCRIPTOR_NORM_SHIFT_SHIFT              8            /* of gamma and beta (N14), 1 to 31 with a norm */
#define QUILLGEN_DESCRIPTOR_WORD_REFERENCE_STRIDE         41u          /* of an attention layer: bytes from the references of a query to those of the next, below 65536, as in rows of boxes; 0: they follow each other */
#define QUILLGEN_DESCRIPTOR_WORD_LINK                     42u          /* address of the descriptor of the next job of the program, low and high half; 0: none */
#define QUILLGEN_DESCRIPTOR_WORD_ACTIVATION_SCALE         44u          /* if CAP_NETWORK.activations is not 0, with an activation: from its result to the outputs (N15) */
#define QUILLGEN_DESCRIPTOR_ACTIVATION_MULT_SHIFT         0            /* multiplier */
#define QUILLGEN_DESCRIPTOR_ACTIVATION_SHIFT_SHIFT        16           /* shift, 1 to 47 */
#define QUILLGEN_DESCRIPTOR_WORD_POINT_THRESHOLD          45u          /* if CAP_CORE.points is 1: points of a smaller weight, attention_bits fraction bits, are dropped (N19); 0: none, 2^attention_bits + 1: all */
#define QUILLGEN_DESCRIPTOR_WORD_RANGES                   46u          /* if CAP_CORE.max_range is not 0, with flag 12: how far samples may lie from their reference, pixels, a word a level (N5) */
#define QUILLGEN_DESCRIPTOR_WORD_PIXEL_SHARE              54u          /* if CAP_CORE.count_bits is not 0: pixels that were read less often than this share of the mean of their level, 16 fraction bits, are dropped from the mask that is written (N20); 0: none is written */
#define QUILLGEN_DESCRIPTOR_WORD_PIXEL_MASK_ADDRESS       55u          /* with a share: address of that mask, a byte a token, whole beats, low and high half */
#define QUILLGEN_DESCRIPTOR_WORD_PADDING_ADDRESS          57u          /* with a share: address of the mask of the padded tokens of the image, which are dropped too; 0: there are none */
#define QUILLGEN_DESCRIPTOR_WORD_SELF_VALUE_ADDRESS       18u          /* address of the rows v, low and high half */
#define QUILLGEN_DESCRIPTOR_WORD_SELF_VALUE_STRIDE        20u          /* bytes from one row v to the next */
#define QUILLGEN_DESCRIPTOR_WORD_SELF_SCALE               21u          /* scales (N16); other bits 0 */
#define QUILLGEN_DESCRIPTOR_SCORE_SHIFT_SHIFT             0            /* of a sum to a score, 1 to 40 */
#define QUILLGEN_DESCRIPTOR_SELF_GAIN_SHIFT               8            /* gain of the outputs, 0 to 7 */

#endif
