public import UNETRPlanning

extension CrossValidation {
    /// The fixed split that a benchmark's results were published with; nil for BTCV, which has none of its own.
    ///
    /// Case names are those of the released data sets: `img0001` (Synapse), `patient001_frame01` (ACDC), `lung_001` (Decathlon task 6),
    /// `BRATS_001` (Decathlon task 1). Source: the released UNETR++ training code.
    public static func publishedFold(_ benchmark: Benchmark) -> Fold? {
        func names(_ text: String, _ prefix: String) -> [String] {
            text.split(whereSeparator: \.isWhitespace).map { prefix + $0 }.sorted(by: CaseNames.isBefore)
        }
        func fold(_ prefix: String, _ training: String, _ validation: String) -> Fold {
            Fold(training: names(training, prefix), validation: names(validation, prefix))
        }
        return switch benchmark {
        case .synapse: fold("img", PublishedSplits.synapseTraining, PublishedSplits.synapseValidation)
        case .acdc: fold("patient", PublishedSplits.acdcTraining, PublishedSplits.acdcValidation)
        case .lung: fold("lung_", PublishedSplits.lungTraining, PublishedSplits.lungValidation)
        case .tumor: fold("BRATS_", PublishedSplits.tumorTraining, PublishedSplits.tumorValidation)
        case .btcv: nil
        }
    }
}

/// The case names of the published splits without their common beginnings.
private enum PublishedSplits {
    static let synapseTraining = """
        0005 0006 0007 0009 0010 0021 0023 0024 0026 0027 0028 0030 0031 0033 0034 0037 0039 0040
        """

    static let synapseValidation = """
        0001 0002 0003 0004 0008 0022 0025 0029 0032 0035 0036 0038
        """

    static let acdcTraining = """
        001_frame01 001_frame12 004_frame01 004_frame15 005_frame01 005_frame13 006_frame01 006_frame16 007_frame01
        007_frame07 010_frame01 010_frame13 011_frame01 011_frame08 013_frame01 013_frame14 015_frame01 015_frame10
        016_frame01 016_frame12 018_frame01 018_frame10 019_frame01 019_frame11 020_frame01 020_frame11 021_frame01
        021_frame13 022_frame01 022_frame11 023_frame01 023_frame09 025_frame01 025_frame09 026_frame01 026_frame12
        027_frame01 027_frame11 028_frame01 028_frame09 029_frame01 029_frame12 030_frame01 030_frame12 031_frame01
        031_frame10 032_frame01 032_frame12 033_frame01 033_frame14 034_frame01 034_frame16 035_frame01 035_frame11
        036_frame01 036_frame12 037_frame01 037_frame12 038_frame01 038_frame11 039_frame01 039_frame10 040_frame01
        040_frame13 041_frame01 041_frame11 043_frame01 043_frame07 044_frame01 044_frame11 045_frame01 045_frame13
        046_frame01 046_frame10 047_frame01 047_frame09 050_frame01 050_frame12 051_frame01 051_frame11 052_frame01
        052_frame09 054_frame01 054_frame12 056_frame01 056_frame12 057_frame01 057_frame09 058_frame01 058_frame14
        059_frame01 059_frame09 060_frame01 060_frame14 061_frame01 061_frame10 062_frame01 062_frame09 063_frame01
        063_frame16 065_frame01 065_frame14 066_frame01 066_frame11 068_frame01 068_frame12 069_frame01 069_frame12
        070_frame01 070_frame10 071_frame01 071_frame09 072_frame01 072_frame11 073_frame01 073_frame10 074_frame01
        074_frame12 075_frame01 075_frame06 076_frame01 076_frame12 077_frame01 077_frame09 078_frame01 078_frame09
        080_frame01 080_frame10 082_frame01 082_frame07 083_frame01 083_frame08 084_frame01 084_frame10 085_frame01
        085_frame09 086_frame01 086_frame08 087_frame01 087_frame10 089_frame01 089_frame10 090_frame04 090_frame11
        091_frame01 091_frame09 093_frame01 093_frame14 094_frame01 094_frame07 096_frame01 096_frame08 097_frame01
        097_frame11 098_frame01 098_frame09 099_frame01 099_frame09 100_frame01 100_frame13
        """

    static let acdcValidation = """
        002_frame01 002_frame12 003_frame01 003_frame15 008_frame01 008_frame13 009_frame01 009_frame13 012_frame01
        012_frame13 014_frame01 014_frame13 017_frame01 017_frame09 024_frame01 024_frame09 042_frame01 042_frame16
        048_frame01 048_frame08 049_frame01 049_frame11 053_frame01 053_frame12 055_frame01 055_frame10 064_frame01
        064_frame12 067_frame01 067_frame10 079_frame01 079_frame11 081_frame01 081_frame07 088_frame01 088_frame12
        092_frame01 092_frame06 095_frame01 095_frame12
        """

    static let lungTraining = """
        004 005 006 009 010 014 015 016 018 020 022 023 026 028 029 031 033 034 036 037 038 041 042 043 045 047 049 051 053
        054 055 057 059 061 064 065 066 069 071 073 074 075 078 079 080 084 086 092 095 096
        """

    static let lungValidation = """
        001 003 025 027 044 046 048 058 062 070 081 083 093
        """

    static let tumorTraining = """
        001 002 003 004 005 006 007 008 009 010 013 014 015 016 017 019 022 023 024 025 026 027 030 031 033 035 037 038 039
        040 042 043 044 045 046 048 050 051 052 054 055 060 061 062 063 064 065 066 067 068 070 072 073 074 075 078 079 080
        081 082 083 084 085 086 087 088 091 093 094 096 097 098 100 101 102 104 108 110 111 112 115 116 117 119 120 121 122
        123 125 126 127 128 129 130 131 132 133 134 135 136 137 138 140 141 142 143 144 146 148 149 150 153 154 155 158 159
        160 162 163 164 165 166 167 168 169 170 171 173 174 175 177 178 179 180 182 183 184 185 186 187 188 189 191 192 193
        195 197 199 200 201 202 203 206 207 208 210 211 212 213 214 215 216 217 218 219 222 223 224 225 226 228 229 230 231
        232 233 236 237 238 239 241 243 244 246 247 248 249 251 252 253 254 255 258 259 261 262 263 264 265 266 267 268 272
        273 274 275 276 277 278 279 280 283 284 285 286 288 290 293 294 296 297 298 299 300 301 302 303 304 306 307 308 309
        311 312 313 315 316 317 318 319 320 321 322 324 326 328 329 332 334 335 336 338 339 340 341 342 343 344 345 347 348
        349 351 353 354 355 356 357 358 359 360 363 364 365 366 367 368 369 370 371 372 373 374 375 376 377 378 379 380 381
        383 384 385 386 387 388 390 391 392 393 394 395 396 398 399 400 401 402 403 404 405 406 407 408 409 410 411 412 413
        414 415 416 417 418 419 420 421 422 423 424 426 427 428 429 430 431 433 434 435 436 437 438 439 440 441 442 443 444
        445 446 447 448 449 451 452 453 454 455 456 457 458 459 460 461 462 463 464 465 466 467 468 469 470 471 472 473 474
        475 476 477 478 479 480 481 482 483 484
        """

    static let tumorValidation = """
        011 012 018 020 021 028 029 032 034 036 041 047 049 053 056 057 069 071 089 090 092 095 103 105 106 107 109 118 145
        147 156 161 172 176 181 194 196 198 204 205 209 220 221 227 234 235 245 250 256 257 260 269 270 271 281 282 287 289
        291 292 310 314 323 327 330 333 337 346 350 352 361 382 397
        """
}
