-- One row per series with slices: their spacing, and how many the spacing misses.

{{ config(materialized = 'ephemeral', contract = {'enforced': false}) }}

with steps as (
    select
        series_instance_uid,
        distance_mm - lag(distance_mm) over (
            partition by series_instance_uid
            order by slice
        ) as step_mm
    from {{ ref('series_slices') }}
),

least_steps as (
    select
        series_instance_uid,
        min(step_mm) as step_mm
    from steps
    group by series_instance_uid
),

spacings as (
    -- The mean of the narrow steps: one of them alone carries its rounding.
    select
        steps.series_instance_uid,
        avg(steps.step_mm) as spacing_mm
    from steps
    inner join least_steps
        on steps.series_instance_uid = least_steps.series_instance_uid
    where steps.step_mm < 1.5 * least_steps.step_mm
    group by steps.series_instance_uid
),

multiples as (
    select
        steps.series_instance_uid,
        spacings.spacing_mm,
        abs(steps.step_mm - spacings.spacing_mm)
        <= greatest(0.02, 0.01 * spacings.spacing_mm) as is_even,
        abs(
            steps.step_mm
            - round(steps.step_mm / spacings.spacing_mm) * spacings.spacing_mm
        ) <= 0.1 * spacings.spacing_mm as is_multiple,
        round(steps.step_mm / spacings.spacing_mm) - 1 as holes
    from steps
    inner join spacings on steps.series_instance_uid = spacings.series_instance_uid
    where steps.step_mm is not null
),

gaps as (
    select
        series_instance_uid,
        min(spacing_mm) as slice_spacing_mm,
        count(*) + 1 as number_of_slices,
        count(*) = count(case when is_even then 1 end) as is_even,
        count(case when holes < 1 then 1 end) as narrow_steps,
        sum(case when is_multiple then holes else 0 end) as missing_slices
    from multiples
    group by series_instance_uid
),

crowds as (
    select
        series_instance_uid,
        count(*) as slices,
        min(images) as least_images,
        max(images) as most_images,
        sum(extras) as extras,
        sum(single_phases) > sum(crowded_phases) as is_single_phase
    from {{ ref('series_slices') }}
    group by series_instance_uid
)

select
    crowds.series_instance_uid,
    crowds.slices as number_of_slices,
    gaps.slice_spacing_mm,
    case when crowds.slices > 2 then gaps.is_even end as is_uniform,
    crowds.least_images = crowds.most_images as is_filled_evenly,
    case when crowds.is_single_phase then crowds.extras else 0 end as extras,
    case
        when crowds.slices < 3 or gaps.narrow_steps * 2 <= crowds.slices - 1 then 0
        else gaps.missing_slices * crowds.most_images
    end as missing_by_spacing
from crowds
left join gaps on crowds.series_instance_uid = gaps.series_instance_uid
