// Sums of the predictions of overlapping windows: float32 arrays [classes, D, H, W] in memory of the caller. Needs no library.
//
// Arrays are given by the distances, in values, from one class, slice or row to the next; the values of a row lie side by side. Every
// function works on some rows or a plane, so that the caller can spread the work over threads; rows do not touch each other.
#ifndef CWINDOWS_H
#define CWINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What logits become: probabilities of classes that exclude each other, of regions that may overlap, or nothing else.
typedef enum CWActivation { CW_SOFTMAX = 0, CW_SIGMOID, CW_IDENTITY } CWActivation;

// How the prediction of a window is added to the sums.
typedef struct CWPrediction {
    CWActivation activation;
    int64_t classes;
    int64_t size[3];            // D, H, W of the window
    bool mirrored[3];           // axes D, H, W along which the logits are mirrored back
    float factor;
    int64_t logits_stride[3];   // from class to class, slice to slice, row to row
    int64_t weights_stride[2];  // from slice to slice, row to row
    int64_t sums_stride[3];
} CWPrediction;

// sums += factor · weights · activation(logits), for the rows first ..< end of the D · H rows of a window.
void cw_add(const CWPrediction *prediction, const float *logits, const float *weights, float *sums, int64_t first, int64_t end);

// counts += weights, for a window of that size.
void cw_add_weights(const int64_t size[3], const float *weights, const int64_t weights_stride[2], float *counts, const int64_t counts_stride[2]);

// means [rows, columns] = sums / counts, where the rows of both lie `stride` values apart.
void cw_divide(const float *sums, const float *counts, int64_t stride, int64_t rows, int64_t columns, float *means);

#ifdef __cplusplus
}
#endif

#endif
