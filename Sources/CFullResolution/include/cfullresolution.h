/* The blocks of UNETR++ that work at full resolution, encoder1, decoder2 and out1, for processors with AVX-512.
 *
 * Half of the network's arithmetic and most of its memory traffic are here: convolutions of 16 to 16 channels, instance normalization,
 * LeakyReLU and sums on maps of a million voxels. One vector of 16 floats is one voxel, and everything between two convolutions is done
 * while the second reads what the first has written.
 */
#ifndef CFULLRESOLUTION_H
#define CFULLRESOLUTION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { CFR_FLOAT32 = 0, CFR_BFLOAT16 = 1 } CFRPrecision;

/* Channels at full resolution that the kernels are made for. */
enum { CFR_FEATURES = 16 };

typedef struct {
    int depth, height, width; /* of the patch; the height even, the width a multiple of 16 */
    int inputs, classes;      /* channels of the input and of the logits */
    int stem[3];              /* the coarse map is smaller by these factors */
    int coarse;               /* channels of the coarse map; a multiple of 4 places along its last axis */
} CFRSizes;

typedef struct CFRBlocks *CFRHandle;

/* Whether this processor has the instructions. */
int cfr_supports(CFRPrecision precision);

/* Weights, read once, one array behind the other, float32, row-major, in the layout of the checkpoint:
 *   encoder1  conv1 [16, inputs, 3, 3, 3], conv2 [16, 16, 3, 3, 3], conv3 [16, inputs, 1, 1, 1]
 *   decoder2  transp_conv [coarse, 16, stem], conv1 [16, 16, 3, 3, 3], conv2 [16, 16, 3, 3, 3]
 *   out1      weight [classes, 16, 1, 1, 1], bias [classes]
 * NULL if the processor lacks the instructions, the sizes do not fit, or memory is out. */
CFRHandle cfr_create(CFRPrecision precision, const CFRSizes *sizes, const float *weights, int workers);
void cfr_free(CFRHandle handle);

/* One patch is `cfr_begin`, then for every pass from 0 to CFR_PASSES - 1: `cfr_work` once for each worker, at the same time on threads of their
 * own, then `cfr_finish` once. Passes up to CFR_PASSES_BEFORE_COARSE - 1 read no coarse map, which may be given as late as then. */
enum { CFR_PASSES_BEFORE_COARSE = 2, CFR_PASSES = 5 };
void cfr_begin(CFRHandle handle, const float *input, float *logits); /* [inputs, D, H, W], [classes, D, H, W] */
void cfr_set_coarse(CFRHandle handle, const float *coarse);           /* [D/stem, H/stem, W/stem, coarse] */
void cfr_work(CFRHandle handle, int pass, int worker);
void cfr_finish(CFRHandle handle, int pass);

#ifdef __cplusplus
}
#endif
#endif
